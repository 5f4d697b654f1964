# ppc64-pseries-power9.sh -- pseries, POWER9 (radix MMU, XIVE): load, status, jump; the second kernel has both CPUs.
# How to run: tests/emulation/run.sh ppc64-pseries-power9      Expect: ok      Time: 9 s
board pseries
check() {
  jumped
  seen_times 2 'lpar: Using radix MMU under hypervisor' 'both kernels use the radix MMU'
}
