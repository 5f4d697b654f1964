# ppc64-pseries-power8.sh -- pseries, POWER8 (hash MMU, XICS).
# How to run: tests/emulation/run.sh ppc64-pseries-power8      Expect: ok      Time: 9 s
board pseries
CPU=power8
check() {
  jumped
  seen_times 2 'hash-mmu: Initializing hash mmu' 'both kernels use the hash MMU'
}
