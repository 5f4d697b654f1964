# ppc64-replay-digest.sh -- one byte of the kernel changes after the digest was made: the purgatory says so and stops.
# How to run: tests/emulation/run.sh ppc64-replay-digest      Expect: ok      Time: 4 s
board pseries
SMP=4
LOAD='--digest always'
. "$HARNESS/replay.sh"
RECORDED=pseries
UNTIL='SHA-256 does not match; the kernel is not entered'
alter() { printf '\x55' | dd of=kernel bs=1 seek=$((0x100000)) conv=notrunc status=none; }
start() { replay "$1"; }
check() {
  in_order 'REPLAY: entering the plan' "kxf: segment .* $UNTIL"
  not_seen 'Linux version' 'the kernel was entered'
}
