#!/bin/bash
# A host that boots: systemd as PID 1 in a container of its own, over a root that it shares with others and does not change.
#   host.sh ROOT DIRECTORY NAME [OPTION…]
# DIRECTORY/upper is its disk and stays. A reboot of the guest ends nspawn with 133 and is answered by the next boot; everything else
# ends the host. It ends as well when its stdin is closed, so that a test that dies leaves nothing behind.
set -eu
if [ "${DLM_HOST_INSIDE:-}" != 1 ]; then DLM_HOST_INSIDE=1 exec unshare -m --propagation private bash "$0" "$@"; fi
root=$1 directory=$2 name=$3
shift 3

mkdir -p "$directory"/{upper,work,root} /run/systemd/nspawn
mount -t tmpfs tmpfs /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$root,upperdir=$directory/upper,workdir=$directory/work" "$directory/root"

# Each host its own group in every hierarchy that systemd uses: two that share one end each other's units.
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
  [ -e "$hierarchy/cgroup.procs" ] || continue
  mkdir -p "$hierarchy/$name"
  echo $$ > "$hierarchy/$name/cgroup.procs"
done

while :; do
  systemd-nspawn --quiet --boot --register=no --keep-unit --machine="$name" --hostname="$name" --directory="$directory/root" \
    --console=pipe "$@" </dev/null >>"$directory/console" 2>&1 &
  guest=$!
  echo $guest > "$directory/nspawn.new" && mv "$directory/nspawn.new" "$directory/nspawn"
  # shellcheck disable=SC2046 # its children, one word each
  ( exec </proc/$$/fd/0; while read -r _; do :; done; kill -9 $(< /proc/$guest/task/$guest/children) $guest ) 2>/dev/null &
  watcher=$!
  code=0
  wait $guest || code=$?
  { kill $watcher && wait $watcher; } 2>/dev/null || :
  [ $code = 133 ] || exit $code
done
