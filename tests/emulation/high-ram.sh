# shellcheck shell=bash
# high-ram.sh -- virt with RAM at 1 GiB and above 512 GiB, and nothing in between.
#
# How to use:  in a case: . "$HARNESS/high-ram.sh"
#   high_ram TREE: the same in a device tree of this machine
# Expect:      as with any other board
# Time:        as virt
#
# QEMU's RAM is one range, and it says so in every tree that it is given for -kernel. So its RAM is that large, its pages taken
# when they are touched, and the first kernel is started by start.S with a tree of ours.

# shellcheck disable=SC2034  # read by lib.sh
LOW=0x40000000 LOW_BYTES=0x20000000 HIGH=0x8000000000 HIGH_BYTES=0x60000000 SPARSE=yes
MEM=$(((HIGH + HIGH_BYTES - LOW) >> 20))M
FIRST_INITRD=0x50000000
. "$HARNESS/start.sh"

started_by() { # KERNEL INITRD COMMAND-LINE
  local tree=$CASE/board.dtb
  "${QEMU[@]}" -M "dumpdtb=$tree" -display none 2>/dev/null
  high_ram "$tree"
  fdtput -t s "$tree" /chosen bootargs "$3"
  fdtput -t x "$tree" /chosen linux,initrd-start 0 "${FIRST_INITRD#0x}"
  fdtput -t x "$tree" /chosen linux,initrd-end 0 "$(printf %x $((FIRST_INITRD + $(stat -c %s "$2"))))"
  start_with "$1" "$tree"
  in_memory "$2" "$FIRST_INITRD"
}

high_ram() { # TREE
  fdtput -r "$1" "/memory@${LOW#0x}"
  memory_node "$1" "$LOW" "$LOW_BYTES"
  memory_node "$1" "$HIGH" "$HIGH_BYTES"
}

memory_node() { # TREE ADDRESS BYTES
  local node
  node=/memory@$(printf %x "$2")
  fdtput -p -t s "$1" "$node" device_type memory
  fdtput -t x "$1" "$node" reg "$(printf %x $(($2 >> 32)))" "$(printf %x $(($2 & 0xffffffff)))" 0 "$(printf %x "$3")"
}
