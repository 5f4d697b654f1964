# shellcheck shell=bash
# zcu102.sh -- QEMU's xlnx-zcu102: another UART, the Cadence one.
#
# How to use:  in a case: . "$HARNESS/zcu102.sh"
# Expect:      as with any other board
# Time:        10 s to the first kernel's init
#
# QEMU has the board, yet not the firmware of its power management unit, to which clocks and power domains belong: in the tree
# of Debian's kernel package the UART gets a fixed clock, which is all that it needs here.

board zcu102
started_by() { # KERNEL INITRD COMMAND-LINE
  local tree=$CASE/board.dtb uart=/axi/serial@ff000000 clock=7fff property
  board_tree zynqmp-zcu102-rev1.0
  cp "$TREE" "$tree"   # which board_tree has set
  fdtput -p -t s "$tree" /fixed-clock compatible fixed-clock
  fdtput -t x "$tree" /fixed-clock '#clock-cells' 0
  fdtput -t i "$tree" /fixed-clock clock-frequency 100000000
  fdtput -t x "$tree" /fixed-clock phandle "$clock"
  fdtput -t x "$tree" "$uart" clocks "$clock" "$clock"
  for property in power-domains pinctrl-names pinctrl-0; do fdtput -d "$tree" "$uart" "$property"; done
  QEMU+=(-kernel "$1" -initrd "$2" -dtb "$tree" -append "$3")
}
