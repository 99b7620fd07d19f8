#!/usr/bin/env bash
# Carries this very host through a whole cycle, in a throw-away directory: file lock, example scripts, a reboot in the middle.
# Nothing of the host is changed. The reboot is the one thing that is played: the reboot command does nothing, and the second start runs
# where /proc says another boot id, so that the boot check is the real one.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-artifacts/dlm-updater}")

if [ "$(id -u)" != 0 ]; then echo "run this as root: scripts are trusted only where nobody but root can write" >&2; exit 1; fi

# Not below /tmp: a directory that everybody can write to is no place for scripts that run as root, and the tool refuses it.
dir=$(mktemp -d /var/lib/dlm-updater-demo.XXXXXX)
trap 'rm -rf "$dir"' EXIT
chmod 0755 "$dir"
cp -r src/dist/examples "$dir/scripts"
chown -R root:root "$dir/scripts"
chmod -R u=rwX,go=rX "$dir/scripts"
mkdir "$dir/state"
touch "$dir/state/update-me"
cat > "$dir/config.ini" <<INI
[main]
state_dir = $dir/state
run_dir = $dir/run
lock = $dir/run/instance.lock

[lock]
service = file
name = demo

[file]
directory = $dir/locks

[scripts]
directory = $dir/scripts

[reboot]
command = true
INI

# Another boot id needs a mount namespace of its own, which some containers do not give. Then the cycle is shown without the reboot.
reboots=yes
if ! unshare -m true 2>/dev/null; then
    reboots=no
    printf '#!/bin/sh\necho "no reboot is needed"\n' > "$dir/scripts/needs_reboot.d/10-kernel"
    echo "no mount namespace can be made here: the cycle is shown without its reboot" >&2
fi

say() { printf '\n\033[1m# %s\033[0m\n' "$*"; }
agent() { "$binary" "$@" --config "$dir/config.ini"; }

if [ "$reboots" = yes ]; then
    say "dlm-updater run: checks, lock, pre_update, update, needs_reboot, reboot"
    agent run

    say "dlm-updater status: the run is open and waits for the reboot"
    agent status

    say "dlm-updater run --after-reboot, on the same boot: nothing moves on, the reboot is asked for again"
    agent run --after-reboot

    boot="$dir/boot_id"
    cat /proc/sys/kernel/random/uuid > "$boot"
    say "dlm-updater run --after-reboot, on another boot: post_update, lock_release"
    unshare -m sh -c 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"' sh "$boot" "$binary" run --after-reboot --config "$dir/config.ini"
else
    say "dlm-updater run: every phase but the reboot"
    agent run
fi

say "dlm-updater status: no run is open, the lock is free"
agent status

say "dlm-updater history"
agent history

say "dlm-updater run: nothing is due any more"
agent run
