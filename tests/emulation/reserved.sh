# shellcheck shell=bash
# reserved.sh -- virt with memory of its own that no kernel uses.
#
# How to use:  in a case: . "$HARNESS/reserved.sh", TREE=$OUT/NAME/board.dtb, and in prepare() tree_with_reserved
# Expect:      the tree that QEMU makes, with one node more
# Time:        below 1 s

# tree_with_reserved NAME ADDRESS SIZE: makes the file TREE; RESERVED is then the path of its node /reserved-memory/NAME@...
tree_with_reserved() {
  RESERVED=/reserved-memory/$1@${2#0x}
  own_tree linux,dummy-virt > "$TREE"
  fdtput -p -t x "$TREE" /reserved-memory '#address-cells' 2
  fdtput -t x "$TREE" /reserved-memory '#size-cells' 2
  fdtput "$TREE" /reserved-memory ranges
  fdtput -p -t x "$TREE" "$RESERVED" reg 0 "${2#0x}" 0 "${3#0x}"
}
