# ppc64-replay-from-big-endian.sh -- the plan of a big-endian machine, entered as a big-endian kernel does; the next one is
# Debian's little-endian kernel.
# How to run: tests/emulation/run.sh ppc64-replay-from-big-endian      Expect: ok      Time: 4 s
board pseries
SMP=4
. "$HARNESS/replay.sh"
RECORDED=pseries
ENTER=big
start() { replay "$1"; }
check() {
  replayed
  seen 'kxf: purgatory, CPU 0, from a big-endian kernel' 'the purgatory was entered big-endian'
}
