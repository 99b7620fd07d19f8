#!/bin/bash
# Makes what a build links against so that it starts on older hosts: libc and libm as this machine has them, but without a symbol
# that is younger than the floor. The linker then takes the older version of each, as a build on such a host would.
#   floor.sh CC OBJDUMP LIBDIR OUT FLOOR      floor.sh gcc objdump /lib/x86_64-linux-gnu out 2.28
set -euo pipefail
cc=$1 objdump=$2 libdir=$3 out=$4 floor=$5
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$out"
mkdir -p "$out"
out=$(cd "$out" && pwd)

# One empty symbol for each that the real library exports, of its kind (code, data, per thread) and in its version.
for lib in libc.so.6 libm.so.6; do
  "$objdump" -T "$libdir/$lib" | awk -v floor="$floor" -v map="$out/$lib.map" '
    function key(v,  p) { sub(/^GLIBC_/, "", v); split(v, p, "."); return p[1] * 1000000 + p[2] * 1000 + p[3] }
    BEGIN { cap = key(floor) }
    /GLIBC_[0-9.]+/ {
      if ($0 ~ /\*UND\*|\*ABS\*/) next
      name = $NF; match($0, /GLIBC_[0-9.]+/); version = substr($0, RSTART, RLENGTH)
      if (key(version) > cap) next
      if (name in of && key(of[name]) >= key(version)) next
      of[name] = version
      flags = substr($0, 18, 8); rest = substr($0, 26); split(rest, word, /[ \t]+/); section = word[1]; bytes = word[2]
      kind[name] = section ~ /^\.t(bss|data)$/ ? "tls" : flags ~ /O/ ? "object" : "function"
      size[name] = bytes
    }
    END {
      n = 0
      for (name in of) {
        stub = "__stub_" n++
        if (kind[name] == "function") print ".text"; else if (kind[name] == "tls") print ".section .tbss,\"awT\",%nobits"; else print ".bss"
        type = kind[name] == "tls" ? "tls_object" : kind[name]
        bytes = kind[name] == "function" ? "4" : "0x" size[name]
        printf ".globl %s\n.type %s,%%%s\n%s: .skip %s\n.size %s,%s\n.symver %s,%s@@%s,remove\n", stub, stub, type, stub, bytes, stub, bytes, stub, name, of[name]
        versions[of[name]]
      }
      print ".section .note.GNU-stack,\"\",%progbits"
      count = 0
      for (version in versions) sorted[++count] = version
      for (i = 2; i <= count; i++) for (j = i; j > 1 && key(sorted[j]) < key(sorted[j - 1]); j--) { t = sorted[j]; sorted[j] = sorted[j - 1]; sorted[j - 1] = t }
      for (i = 1; i <= count; i++) printf "%s {%s }%s;\n", sorted[i], i == 1 ? " local: __stub_*;" : "", i == 1 ? "" : " " sorted[i - 1] > map
      if (n < 500) { print "only " n " symbols were read" > "/dev/stderr"; exit 1 }
    }' > "$out/$lib.s"
  "$cc" -shared -nostdlib -fPIC "-Wl,--version-script=$out/$lib.map" "-Wl,-soname,$lib" -o "$out/$lib" "$out/$lib.s"
done

# Libraries of their own before glibc 2.34; since then a part of libc, and empty files.
for lib in libpthread.so.0 libdl.so.2 librt.so.1; do
  "$cc" -shared -nostdlib -xc /dev/null "-Wl,-soname,$lib" -o "$out/$lib"
  ln -s "$lib" "$out/${lib%%.*}.so"
done
ln -s libm.so.6 "$out/libm.so"

nonshared=$("$cc" -print-file-name=libc_nonshared.a)
case $("$cc" -dumpmachine) in
  aarch64-*) format=elf64-littleaarch64 loader=$libdir/ld-linux-aarch64.so.1 ;;
  *) format=elf64-x86-64 loader=/lib64/ld-linux-x86-64.so.2 ;;
esac
printf 'OUTPUT_FORMAT(%s)\nGROUP ( %s/libc.so.6 %s AS_NEEDED ( %s ) )\n' "$format" "$out" "$nonshared" "$loader" > "$out/libc.so"
"$cc" -O2 -c "$here/start.c" -o "$out/start.o"
