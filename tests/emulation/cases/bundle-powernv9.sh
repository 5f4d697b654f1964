# bundle-powernv9.sh -- OPAL's firmware starts a bundle that was made on this machine, from a capture; the kernel gets both CPUs.
# How to run: tests/emulation/run.sh bundle-powernv9      Expect: ok      Time: 12 s
board powernv9
. "$HARNESS/bundle.sh"
RECORDED=powernv
start() { bundle "$1"; }
check() {
  bundled
  in_order 'INIT: Starting kernel at 0x2000' 'kxf: purgatory, CPU [0-9]+, from firmware'
  seen 'SECOND: firmware .*opal' 'the kernel has OPAL'
}
