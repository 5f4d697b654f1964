# digest.sh -- --digest always: the purgatory verifies SHA-256 over all segments before it enters the kernel.
# How to run: tests/emulation/run.sh digest      Expect: ok      Time: 10 s
LOAD='--digest always'
