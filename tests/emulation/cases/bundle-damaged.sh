# bundle-damaged.sh -- one byte of a bundle is not as it was written: the purgatory names the segment and stops.
# How to run: tests/emulation/run.sh bundle-damaged      Expect: ok      Time: 2 s
. "$HARNESS/bundle.sh"
RECORDED=virt-dt-el1
damage_bundle
start() { bundle "$1"; }
check() { not_entered '0 [(]kernel[)]'; }
