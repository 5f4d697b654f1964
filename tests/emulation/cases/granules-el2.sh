# granules-el2.sh -- the same in EL2 with E2H clear, in RAM above 4 GiB: the kernels run in EL1 and leave by their vectors in EL2.
# How to run: tests/emulation/run.sh granules-el2      Expect: ok      Time: 16 s
. "$HARNESS/granules.sh"
MACHINE=its=off,virtualization=on
APPEND=id_aa64mmfr1.vh=0
MEM=5G
FROM=0x100000000
check() {
  went_through 2
  not_seen 'VHE mode|Virtualization Host Extensions' 'E2H is clear'
}
