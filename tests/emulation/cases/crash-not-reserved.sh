# crash-not-reserved.sh -- no crashkernel= on the command line: refused, with how to reserve memory and how much.
# How to run: tests/emulation/run.sh crash-not-reserved      Expect: ok      Time: 4 s
GUEST=refused
LOAD=--crash
check() {
  in_order 'G: kxf load .*--crash' 'remedy: .*crashkernel=[0-9]+M' 'G: kxf load: exit 1' 'G: kxf status: exit 3' 'INIT: done'
}
