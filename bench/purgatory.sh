#!/bin/bash
# purgatory.sh [WRITER [KEXEC]] -- what the arm64 purgatories of kexec-tools and of kxf cost, on the same bytes.
#
# How to run:  bench/purgatory.sh       after scripts/build.sh; KEXEC: Debian's program for arm64, else that of scripts/kernels.sh
#   In QEMU, no kernel needed: each purgatory is entered at EL1, verifies a small "kernel" and an initrd of random bytes, and enters
#   the kernel, which powers off. A plugin of QEMU's counts the purgatory's instructions and its data accesses.
# Expect:      a table; exit status 1 when a ratio is above its target, or a purgatory did not enter its kernel
# Time:        1 minute
# env: MIB=8   of initrd
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
writer=${1:-$root/build/host/tests/purgatory/kxf_arm64_purgatory_writer}
debian=$("$root/scripts/kernels.sh" debian arm64 | tail -1)
kexec=${2:-${debian}/root/sbin/kexec}
MIB=${MIB:-8}
set -- "$writer" aarch64-linux-gnu-gcc
. "$root/tests/purgatory/lib.sh" qemu-system-aarch64 "$2"
assemble "$here/arm64-first.S" first -Wl,-Ttext=0x41000000 "-I$here"
assemble "$here/arm64-kernel.S" kernel -Wl,-Ttext=0 "-I$here"
head -c "${MIB}M" /dev/urandom > "$work/initrd.bin"
cc -shared -fPIC -O2 -o "$work/count.so" "$here/count.c"

# measure NAME ENTRY: what is in purgatory.bin; sets instructions and off, the data accesses with the MMU off
measure() {
  # shellcheck disable=SC2046  # two words each
  emulate 'not entered' -M virt,gic-version=3 -cpu cortex-a57 -m 512M -serial chardev:console \
    -plugin "$work/count.so,start=0x4a000000,end=0x4a020000" $(in_memory first 0x41000000) $(in_memory kernel 0x40200000) \
    $(in_memory initrd 0x48000000) $(in_memory purgatory 0x4a000000) -device "loader,addr=0x41010000,data=$2,data-len=8" \
    -device loader,addr=0x41010008,data=3,data-len=8 -device loader,addr=0x41000000,cpu-num=0 2> "$work/phases"
  grep -q KERNEL "$work/console" || { echo "$1 did not enter the kernel:"; cat "$work/console" "$work/phases"; exit 1; }
  # Writes of SCTLR part the phases: the fourth is the one with the MMU on, and kexec-tools has but one.
  read -r instructions off < <(awk '/^phase/ { all += $3; if ($2 != 3) off += $4 } END { print all, off }' "$work/phases")
}

ok=0
# row NAME ENTRY [TARGET]: a line of the table; TARGET is the largest good ratio of instructions
row() {
  measure "$1" "$2"
  local ratio
  : "${reference:=$instructions}"
  ratio=$(awk "BEGIN { printf \"%.3f\", $instructions / $reference }")
  printf '%-42s %14s %8s %8s %18s\n' "$1" "$instructions" "$ratio" "${3:-}" "$off"
  [ -z "${3:-}" ] || awk "BEGIN { exit !($ratio <= $3) }" || ok=1
}

printf '%d MiB of initrd, cortex-a57, EL1\n' "$MIB"
printf '%-42s %14s %8s %8s %18s\n' '' instructions ratio target 'data, MMU off'
entry=$(python3 "$root/bench/purgatory.py" "$kexec" aarch64-linux-gnu- "$work/purgatory.bin" 0x4a000000 0x40200000 0x4f000000 \
  0x40200000 "$work/kernel.bin" 0x48000000 "$work/initrd.bin")
row "kexec-tools" "$entry"
"$writer" "$work" pages=4K > /dev/null
row "kxf, SHA-256 by the CPU's instructions" 0x4a000000 0.06
"$writer" "$work" pages=4K portable > /dev/null
row "kxf, SHA-256 without them" 0x4a000000 0.85
"$writer" "$work" pages=4K off > /dev/null
row 'kxf, purgatory.mmu = "off"' 0x4a000000
exit $ok
