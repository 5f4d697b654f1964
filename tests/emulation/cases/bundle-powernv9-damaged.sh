# bundle-powernv9-damaged.sh -- one byte of a bundle for OPAL's firmware is not as it was written: the purgatory names the segment
#   and stops.
# How to run: tests/emulation/run.sh bundle-powernv9-damaged      Expect: ok      Time: 8 s
board powernv9
. "$HARNESS/bundle.sh"
RECORDED=powernv
UNTIL='SHA-256 does not match; the kernel is not entered'
alter() { printf '\x55' | dd of=board.img bs=1 seek=$((0x1000000)) conv=notrunc status=none; }
start() { bundle "$1"; }
check() {
  in_order 'kxf: bundle at .*in place' "kxf: segment [0-9]+ [(]kernel#[1-4][)] at .* $UNTIL"
  not_seen 'Linux version' 'the kernel was entered'
}
