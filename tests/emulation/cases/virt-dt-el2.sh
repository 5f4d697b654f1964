# virt-dt-el2.sh -- the kernel in EL2 without VHE (cortex-a57): the old kernel leaves through its stub in EL2.
# How to run: tests/emulation/run.sh virt-dt-el2      Expect: ok      Time: 8 s
MACHINE=its=off,virtualization=on
check() {
  jumped
  seen_times 2 'CPU: All CPU\(s\) started at EL2' 'both kernels start in EL2'
  seen 'SECOND: .*cpus online 0-1' 'the second kernel has both CPUs'
}
