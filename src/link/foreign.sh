#!/bin/bash
# Unpacks Debian packages of another processor into a directory, from this machine's own mirrors; installs nothing.
#   foreign.sh ARCH DIRECTORY PACKAGE…
set -euo pipefail
arch=$1 directory=$2
shift 2
apt=$(mktemp -d)
trap 'rm -rf "$apt"' EXIT
mkdir -p "$apt"/lists/partial "$apt"/archives/partial
: > "$apt/status"
cd "$apt"
options=(-qq -o "APT::Architecture=$arch" -o "APT::Architectures=$arch" -o "Dir::State=$apt" -o "Dir::State::Lists=$apt/lists"
  -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt" -o APT::Sandbox::User=root)
apt-get "${options[@]}" update
apt-get "${options[@]}" download "$@"
cd "$OLDPWD"
rm -rf "$directory"
mkdir -p "$directory"
for package in "$apt"/*.deb; do dpkg-deb -x "$package" "$directory"; done
