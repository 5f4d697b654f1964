# virt-dt-el1.sh -- -M virt with a device tree, the kernel in EL1: load, status, jump, second kernel.
# How to run: tests/emulation/run.sh virt-dt-el1      Expect: ok      Time: 8 s
check() {
  jumped
  seen_times 2 'CPU: All CPU\(s\) started at EL1' 'both kernels start in EL1'
  seen 'SECOND: .*cpus online 0-1' 'the second kernel has both CPUs'
}
