# bundle-granules-el1.sh -- bundles in EL1 with tables of each granule, in RAM at 1 GiB, above 4 GiB and above 512 GiB.
# How to run: tests/emulation/run.sh bundle-granules-el1      Expect: ok      Time: 8 s
. "$HARNESS/granules.sh"
start() { bundles "$1" 1 4K:low 16K:4G 64K:512G; }
check() { :; }
