# kexec-disabled.sh -- kernel.kexec_load_disabled=1: load is refused, and the message names the switch.
# How to run: tests/emulation/run.sh kexec-disabled      Expect: ok      Time: 4 s
GUEST=refused
SYSCTL=kernel/kexec_load_disabled
check() {
  in_order 'G: kxf load' 'kexec_load_disabled' 'the kernel says loaded 0' 'G: kxf status: exit 3' 'INIT: done'
  seen 'G: kxf load: exit 1' 'load is refused'
}
