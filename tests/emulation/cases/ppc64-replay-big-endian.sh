# ppc64-replay-big-endian.sh -- the fourth combination: a big-endian kernel after a big-endian one, verified by digest.
# How to run: tests/emulation/run.sh ppc64-replay-big-endian      Expect: ok      Time: 3 s
board pseries
SMP=4
LOAD='--digest always'
. "$HARNESS/replay.sh"
RECORDED=pseries
ENTER=big
IMAGE=vmlinux-be
INITRD='initrd-be.gz'
prepare() { big_endian vmlinux; }
start() { replay "$1"; }
check() {
  replayed
  seen 'kxf: purgatory, CPU 0, from a big-endian kernel' 'the purgatory was entered big-endian'
  seen 'SECOND: kernel .*-be, .* ppc64$' 'the kernel is the big-endian one'
}
