#!/bin/bash
# arm64-run.sh WRITER CC -- the arm64 purgatory in an emulator, with no kernel before it and a stub behind it.
#
# How to run:  ctest -R arm64-purgatory (or with the two paths: kxf_arm64_purgatory_writer, an arm64 C compiler)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        5 s; a case that hangs ends after a minute
set -eu
writer=$1
. "$(dirname "$0")/lib.sh" qemu-system-aarch64 "$2"
assemble "$here/arm64-kernel.S" kernel -Wl,-Ttext=0
head -c 3000001 /dev/urandom > "$work/initrd.bin"      # no multiple of a SHA-256 block

# enter CASE EL: run it until the stub powers off, or until the purgatory says that it will not go on
enter() {
  local virtualization=off
  [ "$2" = 1 ] || virtualization=on
  "$writer" "$work" "$1" > /dev/null
  # shellcheck disable=SC2046  # two words each
  emulate 'not entered' -M "virt,gic-version=3,virtualization=$virtualization" -cpu cortex-a57 -smp 1 -m 512M \
    -serial chardev:console $(in_memory kernel 0x40200000) $(in_memory initrd 0x48000000) $(in_memory purgatory 0x4a000000) \
    -device loader,addr=0x4a000000,cpu-num=0
}

entering='kxf: entering the kernel at 0x40200000, device tree 0x4f000000'
# DAIF masked; of SCTLR the bits EE, I, C and M, as they were at reset
registers() { echo "KERNEL x0=000000004f000000 x1=0000000000000000 x2=0000000000000000 x3=0000000000000000 daif=00000000000003c0 el=$1 sctlr=0000000000000000"; }
el1=$(registers 0000000000000004)
el2=$(registers 0000000000000008)

enter good 1
expect 'EL1, all digests match' '' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... ok' "$entering" "$el1"
enter good 2
expect 'EL2, all digests match' '' 'kxf: purgatory, EL2' 'kxf: verifying 2 segments ... ok' "$entering" "$el2"
enter nocache 1
expect 'instruction cache left off' '' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... ok' "$entering" "$el1"
enter none 1
expect 'nothing to verify' '' 'kxf: purgatory, EL1' "$entering" "$el1"
enter bad 1
expect 'a digest that does not match' '' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... failed' \
  'kxf: segment 1 (initrd) at 0x48000000, 3000001 bytes: SHA-256 does not match; the kernel is not entered'

summary
