# bundle-powernv9-damaged.sh -- one byte of a bundle for OPAL's firmware is not as it was written: the purgatory names the segment
#   and stops.
# How to run: tests/emulation/run.sh bundle-powernv9-damaged      Expect: ok      Time: 8 s
board powernv9
. "$HARNESS/bundle.sh"
RECORDED=powernv
damage_bundle
start() { bundle "$1"; }
check() { not_entered '[0-9]+ [(]kernel#[1-4][)]'; }
