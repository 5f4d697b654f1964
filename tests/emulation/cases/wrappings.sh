# wrappings.sh -- a kernel in every compression and wrapping: each is entered, loaded by the one before it. All are the small
#   kernel, which unpacks quickly where unpacking is emulated, too; the last one is Debian's, by gzip.
# How to run: tests/emulation/run.sh wrappings      Expect: ok      Time: 50 s
KERNEL=small GUEST=chain LOAD='--syscall kexec_load' TIMEOUT=300
prepare() {
  make_wrappings
  cp "$KERNEL_DIR/vmlinux" .
  ls Image.* uImage* vmlinux > chain
  find_kernel debian arm64
  gzip -1nc "$KERNEL_DIR/Image" > debian.gz
  echo debian.gz >> chain
}
check() {
  chained
  # all that were made of one Image are one kernel
  # shellcheck disable=SC2046  # words
  same_kernels $(grep Image "$SHARE/chain")
}
