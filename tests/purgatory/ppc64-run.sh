#!/bin/bash
# ppc64-run.sh WRITER CC -- the ppc64 purgatory in an emulator, with a stub before it and a stub behind it.
#
# How to run:  ctest -R ppc64-purgatory (or with the two paths: kxf_ppc64_purgatory_writer, a C compiler for 64-bit Power)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        10 s; a case that hangs ends after a minute
set -eu
writer=$1
. "$(dirname "$0")/lib.sh" qemu-system-ppc64 "$2"
# stub NAME ADDRESS: $here/ppc64-NAME.S
stub() { assemble "$here/ppc64-$1.S" "$1" -m64 -mbig -mabi=elfv2 "-Wl,-Ttext=$2"; }
stub first 0
stub first-opal 0x20010000
stub kernel 0
head -c 3000001 /dev/urandom > "$work/initrd.bin"      # no multiple of a SHA-256 block

# run QEMU-ARGUMENT...: until the stub powers off or has said its last word, or until the purgatory says that it will not go on
run() {
  # shellcheck disable=SC2046  # two words each
  emulate 'not entered|KERNEL others=.* saved=.*,[0-9a-f]{16}' "$@" $(in_memory kernel 0x2000000) $(in_memory initrd 0x8000000) \
    $(in_memory tree 0xf000000) $(in_memory purgatory 0xa000000)
}

# word ADDRESS NUMBER: an argument of the stub that goes first
word() { printf -- '-device loader,addr=%s,data=%s,data-len=8,data-be=on' "$1" "$2"; }

# enter CASE ORDER CPUS: run it on pseries from a kernel of that byte order (0: big, 1: little); the console goes to
# $work/console. The capabilities are those that an emulated CPU does not have; QEMU prints a warning for each.
enter() {
  "$writer" "$work" "$1" > /dev/null
  # shellcheck disable=SC2046  # each word is two arguments
  run -M pseries,ic-mode=xics,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu POWER8 -smp "$3" \
    -m 512M -bios "$work/first.bin" -device spapr-vty,chardev=console,reg=0x30000001 \
    $(word 0x3000 0xa000000) $(word 0x3008 "$2") $(word 0x3010 "$3") $(word 0x3018 7) $(word 0xfff8 0x5afe)
}

# enter_opal: the same on powernv9, where firmware runs first and says more than we want to read
enter_opal() {
  "$writer" "$work" opal > /dev/null
  # shellcheck disable=SC2046  # each word is two arguments
  run -M powernv9 -smp 1 -m 1G -kernel "$work/first-opal.elf" -serial chardev:console \
    $(word 0x2f000000 0xa000000) $(word 0x2f000008 "$(cat "$work/opal-at")")
  sed -n -i -E '/^(kxf:|KERNEL)/{s/ r8=0*[1-9a-f][0-9a-f]* r9=0*[1-9a-f][0-9a-f]*/ r8=OPAL r9=OPAL/;p}' "$work/console"
}

# expect NAME LINE...: the console shows exactly these lines
expect() {
  local name=$1
  shift
  cases=$((cases + 1))
  printf '%s\r\n' "$@" > "$work/expected"
  if cmp -s "$work/expected" "$work/console"; then echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "NOT OK  $name"
    diff <(tr -d '\r' < "$work/expected") <(tr -d '\r' < "$work/console") || true
  fi
}

from_big='kxf: purgatory, CPU 7, from a big-endian kernel'
from_little='kxf: purgatory, CPU 7, from a little-endian kernel'
entering='kxf: entering the kernel at 0x2000000, device tree 0xf000000'
# registers LITTLE: SF on; EE, PR, FP, IR and DR off; LE as the kernel wants it, now and in exceptions; the tree names the CPU
# that entered
registers() { echo "KERNEL r3=000000000f000000 r4=0000000002000000 r5=0000000000000000 r8=0000000000000000 r9=0000000000000000 msr=800000000000000$1 boot-cpu=0000000000000007 trap=000000000000000$1"; }
unsaved='saved=0000000000000000,0000000000000000'
none="KERNEL others=0000000000000000,0000000000000000,0000000000000000 $unsaved"
one="KERNEL others=0000000000000001,0000000000000000,0000000000000000 $unsaved"
three="KERNEL others=0000000000000001,0000000000000002,0000000000000003 $unsaved"

enter good 0 4
expect 'big to big, 4 CPUs, all digests match' '' "$from_big" 'kxf: verifying 3 segments ... ok' "$entering" "$(registers 0)" "$three"
enter little 1 2
expect 'little to little, 2 CPUs, all digests match' '' "$from_little" 'kxf: verifying 3 segments ... ok' "$entering" "$(registers 1)" "$one"
enter good 1 2
expect 'little to big' '' "$from_little" 'kxf: verifying 3 segments ... ok' "$entering" "$(registers 0)" "$one"
enter little 0 1
expect 'big to little' '' "$from_big" 'kxf: verifying 3 segments ... ok' "$entering" "$(registers 1)" "$none"
enter none 1 1
expect 'nothing to verify' '' "$from_little" "$entering" "$(registers 0)" "$none"
enter silent 1 1
expect 'no console' "$(registers 0)" "$none"
enter_opal
expect 'OPAL, little to little' 'kxf: purgatory, CPU 0, from a little-endian kernel' 'kxf: verifying 3 segments ... ok' "$entering" \
  'KERNEL r3=000000000f000000 r4=0000000002000000 r5=0000000000000000 r8=OPAL r9=OPAL msr=8000000000000001 boot-cpu=0000000000000000 trap=0000000000000000' \
  "$none"
enter crash 1 2
expect 'a crash kernel: the first 64 KiB are saved' '' "$from_little" 'kxf: verifying 3 segments ... ok' \
  'kxf: saved 65536 bytes from 0x0 to 0x9000000' "$entering" "$(registers 0)" \
  "${one%saved=*}saved=000000000a000000,0000000000005afe"
enter bad 1 2
expect 'a digest that does not match' '' "$from_little" 'kxf: verifying 3 segments ... failed' \
  'kxf: segment 1 (initrd#1) at 0x8000000, 3000001 bytes: SHA-256 does not match; the kernel is not entered'
enter wild 1 2
expect 'code for other CPUs that is not the kernel'\''s' '' "$from_little" 'kxf: verifying 3 segments ... failed' \
  'kxf: the code of the secondary CPUs at 0x60 is not the kernel'\''s; the kernel is not entered'

summary
