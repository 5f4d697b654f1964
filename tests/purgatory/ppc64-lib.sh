#!/bin/bash
# ppc64-lib.sh -- what the scripts share that run the ppc64 purgatory in an emulator.
#
# How to use:  . ppc64-lib.sh   behind lib.sh, with a writer in writer. Assembles the programs; initrd.bin is the script's own.
# shellcheck disable=SC2154  # here, work and writer are from there
kernel_at=0x2000000 initrd_at=0x8000000 purgatory_at=0xa000000 tree_at=0xf000000

# program NAME ADDRESS: $here/ppc64-NAME.S
program() { assemble "$here/ppc64-$1.S" "$1" -m64 -mbig -mabi=elfv2 "-Wl,-Ttext=$2"; }
program first 0
program kernel 0

# The kernel has said its last word, or the purgatory says that it will not go on.
last_words='not entered|KERNEL others=.* vectors=.*,[0-9a-f]{16}'

# segments: arguments that put the plan's into memory
segments() {
  in_memory kernel $kernel_at
  in_memory initrd $initrd_at
  in_memory tree $tree_at
  in_memory purgatory $purgatory_at
}

# word ADDRESS NUMBER: an argument of the program that goes first
word() { printf -- '-device loader,addr=%s,data=%s,data-len=8,data-be=on' "$1" "$2"; }

# enter_at ENTRY ORDER CPUS: run what is in purgatory.bin on pseries, from a kernel of that byte order (0: big, 1: little); the
# console goes to $work/console. The capabilities are those that an emulated CPU does not have; QEMU prints a warning for each.
cpu=POWER8
enter_at() {
  # shellcheck disable=SC2046  # each word is two arguments
  emulate "${until:-$last_words}" -M pseries,ic-mode=xics,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu "$cpu" -smp "$3" \
    -m 512M -bios "$work/first.bin" -device spapr-vty,chardev=console,reg=0x30000001 \
    $(word 0x3000 "$1") $(word 0x3008 "$2") $(word 0x3010 "$3") $(word 0x3018 7) $(word 0xfff8 0x5afe) \
    $(segments) ${extra[@]+"${extra[@]}"}
}
