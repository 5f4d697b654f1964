# ppc64-big-endian-zimage.sh -- a big-endian zImage, whose wrapper is a 32-bit program, from a kernel that uses the hash MMU.
# How to run: tests/emulation/run.sh ppc64-big-endian-zimage      Expect: ok      Time: 8 s
board pseries
CPU=power8
IMAGE=vmlinux-be
INITRD='initrd-be.gz'
prepare() { big_endian zImage.epapr; }
check() {
  jumped
  seen 'SECOND: kernel .*-be, .* ppc64$' 'the second kernel is the big-endian one'
}
