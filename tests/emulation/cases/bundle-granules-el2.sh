# bundle-granules-el2.sh -- the same in EL2, where QEMU leaves E2H clear, with each granule in another place.
# How to run: tests/emulation/run.sh bundle-granules-el2      Expect: ok      Time: 8 s
. "$HARNESS/granules.sh"
MACHINE=its=off,virtualization=on
start() { bundles "$1" 2 4K:4G 16K:512G 64K:low; }
check() { :; }
