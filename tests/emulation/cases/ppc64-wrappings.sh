# ppc64-wrappings.sh -- a vmlinux in gzip, in xz with the filter that Linux's build uses for this architecture, and in a
#   zImage, where the kernel inside is entered and not the wrapper, which would hang: each loaded by the one before it.
# How to run: tests/emulation/run.sh ppc64-wrappings      Expect: ok      Time: 20 s
board pseries
KERNEL=small GUEST=chain SHARED=no LOAD='--syscall kexec_load'
prepare() {
  gzip -1nc vmlinux > vmlinux.gz
  xz --check=crc32 --powerpc --lzma2=preset=0 -c vmlinux > vmlinux.xz
  cp "$KERNEL_DIR/zImage.pseries" .
  ls zImage* vmlinux.* > chain
}
check() { chained; }
