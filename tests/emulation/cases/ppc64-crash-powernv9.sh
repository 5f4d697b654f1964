# ppc64-crash-powernv9.sh -- the same on bare metal with OPAL, whose memory is the crash kernel's too.
# How to run: tests/emulation/run.sh ppc64-crash-powernv9      Expect: ok      Time: 20 s
board powernv9
GUEST=crash
MEM=1G
# one PCIe host bridge instead of six, each of which a crash kernel resets in 3 s
DEVICES=(-display none -nodefaults -serial stdio -device ipmi-bmc-sim,id=bmc -device isa-ipmi-bt,bmc=bmc,irq=10
  -device pnv-phb,id=phb -device pnv-phb-root-port,bus=phb,id=pcie.0)
APPEND=crashkernel=256M
check() { dumped; }
