# shellcheck shell=bash
# high-ram.sh -- virt with RAM at 1 GiB and above 512 GiB, and nothing in between.
#
# How to use:  in a case: . "$HARNESS/high-ram.sh"
# Expect:      as with any other board
# Time:        as virt
#
# QEMU's RAM is one range, and it says so in every tree that it is given for -kernel. So its RAM is that large, its pages taken
# when they are touched, and the first kernel is started by three instructions of ours with a tree of ours.

# shellcheck disable=SC2034  # read by lib.sh
LOW_BYTES=0x20000000 HIGH=0x8000000000 HIGH_BYTES=0x60000000
MEM=$(((HIGH + HIGH_BYTES - 0x40000000) >> 20))M
START=0x40100000 FIRST_KERNEL=0x40200000 FIRST_TREE=0x4f000000 FIRST_INITRD=0x50000000

started_by() { # KERNEL INITRD COMMAND-LINE
  local tree=$CASE/board.dtb
  QEMU+=(-object "memory-backend-ram,id=ram,size=$MEM,reserve=off" -machine memory-backend=ram)
  "${QEMU[@]}" -M "dumpdtb=$tree" -display none 2>/dev/null
  fdtput -r "$tree" /memory@40000000
  memory "$tree" 0x40000000 "$LOW_BYTES"
  memory "$tree" "$HIGH" "$HIGH_BYTES"
  fdtput -t s "$tree" /chosen bootargs "$3"
  fdtput -t x "$tree" /chosen linux,initrd-start 0 "${FIRST_INITRD#0x}"
  fdtput -t x "$tree" /chosen linux,initrd-end 0 "$(printf %x $((FIRST_INITRD + $(stat -c %s "$2"))))"
  # ldr x0, 1f; ldr x4, 2f; br x4; nop; 1: the tree; 2: the kernel. x1 to x3 are zero at reset
  printf '\x80\x00\x00\x58\xa4\x00\x00\x58\x80\x00\x1f\xd6\x1f\x20\x03\xd5' > "$CASE/start.bin"
  QEMU+=(-device "loader,addr=$((START + 16)),data=$FIRST_TREE,data-len=8"
    -device "loader,addr=$((START + 24)),data=$FIRST_KERNEL,data-len=8"
    -device "loader,file=$CASE/start.bin,addr=$START,force-raw=on" -device "loader,addr=$START,cpu-num=0"
    -device "loader,file=$1,addr=$FIRST_KERNEL,force-raw=on" -device "loader,file=$tree,addr=$FIRST_TREE,force-raw=on"
    -device "loader,file=$2,addr=$FIRST_INITRD,force-raw=on")
}

# memory TREE ADDRESS BYTES: one more memory node
memory() {
  local node
  node=/memory@$(printf %x "$2")
  fdtput -p -t s "$1" "$node" device_type memory
  fdtput -t x "$1" "$node" reg "$(printf %x $(($2 >> 32)))" "$(printf %x $(($2 & 0xffffffff)))" 0 "$(printf %x "$3")"
}
