# ppc64-zimage.sh -- a zImage.pseries: the kernel in it is loaded, not the wrapper, which would hang.
# How to run: tests/emulation/run.sh ppc64-zimage      Expect: ok      Time: 8 s
board pseries
IMAGE=zImage.pseries
prepare() {
  find_kernel small ppc64el
  cp "$KERNEL_DIR/zImage.pseries" .
}
