# shellcheck shell=bash
# start.sh -- a kernel that start.S enters, and not QEMU: in another way, or with a tree that QEMU has not changed.
#
# How to use:  . "$HARNESS/start.sh"; within started_by(): start_with FILE TREE [-DHOST]; QEMU is the machine so far
#   in_memory FILE ADDRESS: puts one more file into its memory
# Expect:      QEMU has all that it needs to start it.  PSCI is QEMU's, as with -kernel
# Time:        below 1 s

FIRST_KERNEL=0x40200000 FIRST_TREE=0x4f000000 START=0x40100000

in_memory() { QEMU+=(-device "loader,file=$1,addr=$2,force-raw=on"); }

start_with() {
  local code=$CASE/start kernel=$1 tree=$2
  shift 2
  aarch64-linux-gnu-gcc -nostdlib -static -Wl,-N,-Ttext="$START",--build-id=none,--no-warn-rwx-segments \
    -DKERNEL="$FIRST_KERNEL" -DTREE="$FIRST_TREE" "$@" -o "$code.elf" "$HARNESS/start.S"
  aarch64-linux-gnu-objcopy -O binary "$code.elf" "$code.bin"
  in_memory "$code.bin" "$START"
  in_memory "$kernel" "$FIRST_KERNEL"
  in_memory "$tree" "$FIRST_TREE"
  QEMU+=(-device "loader,addr=$START,cpu-num=0")
}
