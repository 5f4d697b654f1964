# granules-el2-vhe.sh -- the same in EL2 with E2H set, in RAM above 512 GiB. Debian's kernel is the first: the small one with
#   pages of 4 KiB has 39 bits of virtual address, which is too few for memory so far apart.
# How to run: tests/emulation/run.sh granules-el2-vhe      Expect: ok      Time: 18 s
. "$HARNESS/granules.sh"
. "$HARNESS/high-ram.sh"
KERNEL=debian
MACHINE=its=off,virtualization=on
FROM=$HIGH
check() {
  went_through 2
  seen 'VHE mode|Virtualization Host Extensions' 'E2H is set'
}
