#!/bin/bash
# run.sh WRITER CC -- the arm64 purgatory in an emulator, with no kernel before it and a stub behind it.
#
# How to run:  ctest -R arm64-purgatory (or with the two paths: kxf_arm64_purgatory_writer, an arm64 C compiler)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        5 s; a case that hangs ends after a minute
set -eu
writer=$1 cc=$2
here=$(cd "$(dirname "$0")" && pwd)
command -v qemu-system-aarch64 > /dev/null || { echo "run.sh: no qemu-system-aarch64"; exit 77; }
command -v "$cc" > /dev/null || { echo "run.sh: no $cc"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cc" -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-Ttext=0 -o "$work/kernel.elf" "$here/kernel.S"
"${cc%gcc}objcopy" -O binary -j .text "$work/kernel.elf" "$work/kernel.bin" 2> /dev/null ||
  objcopy -O binary -j .text "$work/kernel.elf" "$work/kernel.bin"
head -c 3000001 /dev/urandom > "$work/initrd.bin"      # no multiple of a block either
cases=0 failed=0

# enter CASE EL: run it until the stub powers off, or until the purgatory says that it will not go on and half a second has
# passed in which it could say more; the console goes to $work/console
enter() {
  local virtualization=off waited=0 qemu
  [ "$2" = 1 ] || virtualization=on
  "$writer" "$work" "$1" > /dev/null
  : > "$work/console"
  qemu-system-aarch64 -accel tcg,tb-size=32 -M "virt,gic-version=3,virtualization=$virtualization" \
    -cpu cortex-a57 -smp 1 -m 512M -nic none -display none -monitor none -serial "file:$work/console" -no-reboot \
    -device "loader,file=$work/kernel.bin,addr=0x40200000,force-raw=on" \
    -device "loader,file=$work/initrd.bin,addr=0x48000000,force-raw=on" \
    -device "loader,file=$work/purgatory.bin,addr=0x4a000000,force-raw=on" \
    -device loader,addr=0x4a000000,cpu-num=0 < /dev/null &
  qemu=$!
  while kill -0 "$qemu" 2> /dev/null && [ "$waited" -lt 600 ]; do
    waited=$((waited + 1))
    ! grep -q 'not entered' "$work/console" || { sleep 0.5; break; }
    sleep 0.1
  done
  kill "$qemu" 2> /dev/null || true
  wait "$qemu" || true
}

# expect NAME LINE...: the console shows exactly these lines
expect() {
  local name=$1
  shift
  cases=$((cases + 1))
  printf '%s\r\n' '' "$@" > "$work/expected"
  if cmp -s "$work/expected" "$work/console"; then echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "NOT OK  $name"
    diff <(tr -d '\r' < "$work/expected") <(tr -d '\r' < "$work/console") || true
  fi
}

entering='kxf: entering the kernel at 0x40200000, device tree 0x4f000000'
# DAIF masked; of SCTLR the bits EE, I, C and M, as they were at reset
registers() { echo "KERNEL x0=000000004f000000 x1=0000000000000000 x2=0000000000000000 x3=0000000000000000 daif=00000000000003c0 el=$1 sctlr=0000000000000000"; }
el1=$(registers 0000000000000004)
el2=$(registers 0000000000000008)

enter good 1
expect 'EL1, all digests match' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... ok' "$entering" "$el1"
enter good 2
expect 'EL2, all digests match' 'kxf: purgatory, EL2' 'kxf: verifying 2 segments ... ok' "$entering" "$el2"
enter nocache 1
expect 'instruction cache left off' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... ok' "$entering" "$el1"
enter none 1
expect 'nothing to verify' 'kxf: purgatory, EL1' "$entering" "$el1"
enter bad 1
expect 'a digest that does not match' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... failed' \
  'kxf: segment 1 (initrd) at 0x48000000, 3000001 bytes: SHA-256 does not match; the kernel is not entered'

echo "purgatory: $cases cases, $failed failed"
[ "$failed" = 0 ]
