# gzip-image.sh -- the kernel is an Image.gz.
# How to run: tests/emulation/run.sh gzip-image      Expect: ok      Time: 9 s
IMAGE=Image.gz
prepare() {
  gzip -1n Image
}
