# ppc64-replay.sh -- a plan made on this machine, from a capture, boots on pseries with four CPUs and no first kernel.
# How to run: tests/emulation/run.sh ppc64-replay      Expect: ok      Time: 4 s
board pseries
SMP=4
. "$HARNESS/replay.sh"
RECORDED=pseries
start() { replay "$1"; }
check() { replayed; }
