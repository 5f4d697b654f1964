# bundle-virt.sh -- a bundle made on this machine, from a capture, boots on virt with two CPUs and no first kernel.
# How to run: tests/emulation/run.sh bundle-virt      Expect: ok      Time: 6 s
. "$HARNESS/bundle.sh"
RECORDED=virt-dt-el1
start() { bundle "$1"; }
check() {
  bundled
  seen 'kxf: purgatory, EL1' 'QEMU starts it in EL1'
  seen 'CPU: All CPU\(s\) started at EL1' 'and so is the kernel'
}
