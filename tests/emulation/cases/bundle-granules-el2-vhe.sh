# bundle-granules-el2-vhe.sh -- the same in EL2 with E2H set, as a kernel with VHE leaves it.
# How to run: tests/emulation/run.sh bundle-granules-el2-vhe      Expect: ok      Time: 8 s
. "$HARNESS/granules.sh"
MACHINE=its=off,virtualization=on
start() { bundles "$1" host 4K:512G 16K:low 64K:4G; }
check() { :; }
