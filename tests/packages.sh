#!/usr/bin/env bash
# What make test-packages asks of the packages.   packages.sh ARTIFACTS VERSION
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1 version=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Reads all of its input: 'grep -q' ends at the first hit, and its neighbour in the pipe then dies of SIGPIPE, which pipefail takes for a miss.
has() { grep "$@" >/dev/null; }
failed=0
fail() { echo "FAILED: $*" >&2; failed=1; }

for pair in amd64:x86_64 arm64:aarch64; do
  deb=$out/dlm-updater_${version}_${pair%:*}.deb rpm=$out/dlm-updater-$version-1.${pair#*:}.rpm
  lintian --allow-root --fail-on error,warning,info "$deb" || fail "lintian $deb"
  rpmlint -c rpm/rpmlint.toml "$rpm" > "$work/rpmlint" || fail "rpmlint $rpm"
  grep -q ' 0 errors, 0 warnings' "$work/rpmlint" || { cat "$work/rpmlint"; fail "rpmlint $rpm"; }

  # The same files in both, but for where each distribution keeps units, licences and the documents of a package.
  dpkg-deb -c "$deb" | awk '$1 !~ /^d/ { sub(/^\./, "", $6); print $6 }' | sed 's#^/lib/#/usr/lib/#; s#/zsh/vendor-completions/#/zsh/site-functions/#' | grep -v -e '^/usr/share/doc/' -e '^/usr/share/lintian/' | sort > "$work/deb"
  rpm -qpl --noartifact "$rpm" 2>/dev/null | grep -v -e '^/usr/share/doc/' -e '^/usr/share/licenses/' | sort > "$work/all"
  rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$rpm" 2>/dev/null | awk '$1 ~ /^d/ { print $2 }' | sort > "$work/directories"
  comm -23 "$work/all" "$work/directories" > "$work/rpm"
  diff "$work/deb" "$work/rpm" || fail "$deb and $rpm do not hold the same files"

  dpkg-deb --info "$deb" conffiles | has -x /etc/dlm-updater/config.ini || fail "$deb: config.ini is no conffile"
  [ "$(rpm -qp --configfiles "$rpm" 2>/dev/null)" = /etc/dlm-updater/config.ini ] || fail "$rpm: config.ini is no configuration file"
  rpm -qp --qf '[%{FILEFLAGS:fflags} %{FILENAMES}\n]' "$rpm" 2>/dev/null | has '^cn /etc/dlm-updater/config.ini' || fail "$rpm: config.ini is not noreplace"
  dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/dlm-updater > "$work/binary"
  readelf -h "$work/binary" | has "$([ "${pair%:*}" = arm64 ] && echo AArch64 || echo X86-64)" || fail "$deb holds a program for another processor"
  readelf -d "$work/binary" | has 'NEEDED.*libc.so.6' || fail "$deb holds the one-file build"
  echo "$deb: $(stat -c %s "$deb") bytes, installed $(dpkg-deb -f "$deb" Installed-Size) KiB; $rpm: $(stat -c %s "$rpm") bytes"
done

# The units, as they are installed, beside those of systemd.
dpkg-deb -x "$out/dlm-updater_${version}_amd64.deb" "$work/root"
cp -rn /lib/systemd/system "$work/root/lib/systemd/"
for unit in dlm-updater.service dlm-updater-resume.service dlm-updater-recover.service dlm-updater.timer; do
  systemd-analyze verify --man=no --root="$work/root" "$unit" 2>&1 | grep -i 'dlm-updater' > "$work/verify" || :
  [ ! -s "$work/verify" ] || { cat "$work/verify"; fail "systemd-analyze verify $unit"; }
done
systemd-analyze security --offline=true --root="$work/root" dlm-updater.service 2>/dev/null | tail -n 1

for page in src/dist/man/*; do
  said=$(man -l --warnings "$page" 2>&1 >/dev/null)
  [ -z "$said" ] || fail "$page: $said"
done
exit $failed
