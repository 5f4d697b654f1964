# ppc64-digest.sh -- --digest always: the purgatory verifies SHA-256 over all segments before it enters the kernel.
# How to run: tests/emulation/run.sh ppc64-digest      Expect: ok      Time: 12 s
board pseries
LOAD='--digest always'
