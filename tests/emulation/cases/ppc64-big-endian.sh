# ppc64-big-endian.sh -- Debian's little-endian kernel, which uses the radix MMU, loads a big-endian one: it comes up with both
# CPUs.  Linux leaves the exceptions' byte order little-endian there; the purgatory has to set it.
# How to run: tests/emulation/run.sh ppc64-big-endian      Expect: ok      Time: 8 s
board pseries
IMAGE=vmlinux-be
INITRD='initrd-be.gz'
prepare() { big_endian vmlinux; }
check() {
  jumped
  seen 'SECOND: kernel .*-be, .* ppc64$' 'the second kernel is the big-endian one'
}
