# virt-dt-el2-vhe.sh -- the kernel in EL2 with VHE (-cpu max).
# pauth-impdef: QEMU's default pointer authentication is QARMA in software, three times as slow.
# How to run: tests/emulation/run.sh virt-dt-el2-vhe      Expect: ok      Time: 10 s
MACHINE=its=off,virtualization=on
CPU=max,pauth-impdef=on
check() {
  jumped
  seen_times 2 'CPU: All CPU\(s\) started at EL2' 'both kernels start in EL2'
  seen 'VHE|Virtualization Host Extensions' 'the kernel uses VHE'
}
