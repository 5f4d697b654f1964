# ppc64-xz.sh -- the kernel is a vmlinux packed with xz, with the filter that Linux's build uses for this architecture.
# How to run: tests/emulation/run.sh ppc64-xz      Expect: ok      Time: 30 s
board pseries
IMAGE=vmlinux.xz
prepare() {
  xz --check=crc32 --powerpc --lzma2=preset=0 vmlinux
}
