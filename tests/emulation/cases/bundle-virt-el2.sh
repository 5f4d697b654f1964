# bundle-virt-el2.sh -- a bundle in EL2 without VHE (cortex-a57), with memory above 4 GiB, where its segments go.
# How to run: tests/emulation/run.sh bundle-virt-el2      Expect: ok      Time: 7 s
. "$HARNESS/bundle.sh"
RECORDED=virt-dt-el2-vhe
MACHINE=its=off,virtualization=on SMP=4 MEM=4G
start() { bundle "$1"; }
check() {
  bundled
  seen 'kxf: entering the kernel at 0x1[0-9a-f]{8},' 'the kernel is above 4 GiB'
  in_order 'kxf: purgatory, EL2' 'CPU: All CPU\(s\) started at EL2'
}
