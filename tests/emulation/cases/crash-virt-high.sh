# crash-virt-high.sh -- crashkernel=X,high and X,low: two regions; the crash kernel lies in the high one and has the low one too.
#   Four CPUs.
# How to run: tests/emulation/run.sh crash-virt-high      Expect: ok      Time: 16 s
GUEST=crash
SMP=4
MEM=3584M
APPEND='crashkernel=224M,high crashkernel=64M,low'
PANIC_CPU=2
check() {
  dumped
  seen 'IOMEM: 1[0-9a-f]{8}-1[0-9a-f]{8} : Crash kernel' 'a region is above 4 GiB'
  seen 'VMCORE: memory 1[0-9a-f]{8}-1[0-9a-f]{8} : System RAM' 'the capture kernel has the high region'
  seen 'VMCORE: memory [0-9a-f]{8}-[0-9a-f]{8} : System RAM' 'the capture kernel has the low region'
}
