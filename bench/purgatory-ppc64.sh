#!/bin/bash
# purgatory-ppc64.sh [WRITER [KEXEC]] -- what the ppc64 purgatories of kexec-tools and of kxf cost, on the same bytes.
#
# How to run:  bench/purgatory-ppc64.sh   after scripts/build.sh; KEXEC: Debian's program for ppc64el, else that of scripts/kernels.sh
#   In QEMU, a POWER9 without a kernel: each purgatory is entered as from a little-endian kernel, verifies a small "kernel" and an
#   initrd of random bytes, and enters the kernel, which powers off. A plugin of QEMU's counts the purgatory's instructions.
# Expect:      a table; exit status 1 when a ratio is above its target, or a purgatory did not enter its kernel
# Time:        20 s
# env: MIB=8   of initrd
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
writer=${1:-$root/build/host/tests/purgatory/kxf_ppc64_purgatory_writer}
debian=$("$root/scripts/kernels.sh" debian ppc64el | tail -1)
kexec=${2:-${debian}/root/sbin/kexec}
MIB=${MIB:-8}
set -- "$writer" powerpc64le-linux-gnu-gcc
. "$root/tests/purgatory/lib.sh" qemu-system-ppc64 "$2"
. "$root/tests/purgatory/ppc64-lib.sh"
head -c "${MIB}M" /dev/urandom > "$work/initrd.bin"
cc -shared -fPIC -O2 -o "$work/count.so" "$here/count.c"
cpu=POWER9 extra=(-plugin "$work/count.so,start=$purgatory_at,end=$((purgatory_at + 0x20000))")

ok=0
# row NAME ENTRY [TARGET]: what is in purgatory.bin; TARGET is the largest good ratio of instructions
row() {
  local instructions ratio
  enter_at "$2" 1 1 2> "$work/phases"
  grep -q KERNEL "$work/console" || { echo "$1 did not enter the kernel:"; cat "$work/console" "$work/phases"; exit 1; }
  instructions=$(awk '/^phase/ { all += $3 } END { print all }' "$work/phases")
  : "${reference:=$instructions}"
  ratio=$(awk "BEGIN { printf \"%.3f\", $instructions / $reference }")
  printf '%-42s %14s %8s %8s\n' "$1" "$instructions" "$ratio" "${3:-}"
  [ -z "${3:-}" ] || awk "BEGIN { exit !($ratio <= $3) }" || ok=1
}

"$writer" "$work" > /dev/null
printf '%d MiB of initrd, POWER9, pseries\n' "$MIB"
printf '%-42s %14s %8s %8s\n' '' instructions ratio target
entry=$(python3 "$root/bench/purgatory.py" "$kexec" powerpc64le-linux-gnu- "$work/purgatory.bin" $purgatory_at $kernel_at $tree_at \
  $kernel_at "$work/kernel.bin" $initrd_at "$work/initrd.bin" $tree_at "$work/tree.bin")
row kexec-tools "$entry"
"$writer" "$work" > /dev/null
row "kxf, SHA-256 by the CPU's instructions" $purgatory_at 0.4
"$writer" "$work" whole > /dev/null
row 'the same, the initrd as one range' $purgatory_at
"$writer" "$work" portable > /dev/null
row 'kxf, SHA-256 without them' $purgatory_at
exit $ok
