#!/bin/bash
# Records what a release leaves on a host whose run is stopped in each phase: the files that later releases must read. For a new release, once:
#   record.sh BINARY DIRECTORY        record.sh ../../../artifacts/0.1.0/dlm-updater 0.1.0
set -euo pipefail
binary=$(realpath "$1")
mkdir -p "$2"
to=$(realpath "$2")
root=/var/lib/dlm-updater-record
trap 'rm -rf "$root"' EXIT

script() { # PHASE NAME BODY [HEADER]
  printf '#!/bin/sh\n%s\n%s\n' "${4:-}" "$3" > "$root/scripts/$1.d/$2"
  chmod 0755 "$root/scripts/$1.d/$2"
}

# A host with one script that succeeds and one more in each phase, and a script that runs once.
host() {
  local phase
  rm -rf "$root"
  mkdir -p "$root"/scripts/{needs_update,pre_update,update,needs_reboot,post_update}.d "$root/upgrades"
  cat > "$root/config.ini" <<INI
[main]
state_dir = $root/state
run_dir = $root/run
lock = $root/run/instance.lock
loglevel = info

[lock]
service = file
name = e2e
holder = host-1
wait = true
retry_interval = 1s

[file]
directory = $root/locks

[scripts]
directory = $root/scripts

[reboot]
command = /bin/true
timeout = 30m
INI
  script needs_update 10-due 'exit 1'
  script pre_update 10-once 'exit 0' '# dlm: run=once'
  for phase in pre_update update post_update; do script $phase 20-first 'exit 0'; script $phase 30-second 'exit 0'; done
  script needs_reboot 10-yes 'exit 1'
}

run() { "$binary" run --config "$root/config.ini" 2>/dev/null || true; }

keep() { # NAME
  rm -rf "${to:?}/$1"
  mkdir -p "$to/$1"
  cp -r "$root/state" "$root/run" "$root/locks" "$to/$1/"
  sed "s#$root#@ROOT@#g" "$root/config.ini" > "$to/$1/config.ini"
  rm -f "$to/$1"/run/instance.lock "$to/$1"/locks/*.guard
}

until_waits_in() { # FILE
  for _ in $(seq 500); do [ -e "$1" ] && return; sleep 0.02; done
  echo "$1 did not appear" >&2
  exit 1
}

# Killed while it waits for a lock that another host holds.
host
mkdir -p "$root/locks"
sed 's/host-1/host-2/' "$root/config.ini" > "$root/other.ini"
"$binary" lock acquire --config "$root/other.ini" >/dev/null 2>&1
"$binary" run --config "$root/config.ini" 2>/dev/null & agent=$!
until_waits_in "$root/state/state"
sleep 0.5
kill -9 $agent; wait $agent 2>/dev/null || true
keep lock_get

for phase in pre_update update; do
  host; script $phase 30-second 'exit 3'; run; keep $phase
done
host; script needs_reboot 10-yes 'exit 127'; run; keep needs_reboot
host; run; keep reboot
host; script needs_reboot 10-yes 'exit 0'; script post_update 30-second 'exit 3'; run; keep post_update
host; script needs_reboot 10-yes 'exit 0'; script post_update 30-second "mv $root/locks $root/away"; run; mv "$root/away" "$root/locks"; keep lock_release

# Killed in the middle of a script, whose running marker is left.
host; script update 30-second ": > $root/there; exec sleep 60"
"$binary" run --config "$root/config.ini" 2>/dev/null & agent=$!
until_waits_in "$root/there"
kill -9 $agent; wait $agent 2>/dev/null || true
for pid in $(grep -l "$root" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3); do kill -9 "$pid" 2>/dev/null || true; done
keep killed

# After a whole run, and one with nothing to do.
host; script needs_reboot 10-yes 'exit 0'; run; script needs_update 10-due 'exit 0'; run; keep none
