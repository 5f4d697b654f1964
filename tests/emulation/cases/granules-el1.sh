# granules-el1.sh -- kernels with pages of 4, 16 and 64 KiB enter each other in EL1, in RAM at 1 GiB.
# How to run: tests/emulation/run.sh granules-el1      Expect: ok      Time: 16 s
. "$HARNESS/granules.sh"
check() { went_through 1; }
