# virt-its-kexec-tools.sh -- a GICv3 ITS without EFI keeps its tables across the jump: kexec-tools puts the kernel over them.
#   What kxf does about it: virt-its.
# How to run: tests/emulation/run.sh virt-its-kexec-tools      Expect: ok      Time: 20 s
MACHINE=its=on
GUEST=kexec-tools
APPEND=earlycon=pl011,0x9000000
TIMEOUT=20
check() {
  in_order 'LPI property table @' 'G: kexec -i: exit 0' 'Bye!' 'Using preallocated redistributor tables'
  not_seen 'SECOND: end' 'the second kernel came up although its code was cleared'
}
