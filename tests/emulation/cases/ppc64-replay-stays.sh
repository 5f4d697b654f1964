# ppc64-replay-stays.sh -- run-at-load = "always": the kernel runs where it was loaded, not at 0.
# How to run: tests/emulation/run.sh ppc64-replay-stays      Expect: ok      Time: 4 s
board pseries
SMP=4
. "$HARNESS/replay.sh"
RECORDED=pseries
SETTINGS='
[settings.ppc64]
run-at-load = "always"'
start() { replay "$1"; }
check() {
  replayed
  seen 'physical_start *= 0x28[0-9a-f]*0000' 'the kernel says where it runs'
}
