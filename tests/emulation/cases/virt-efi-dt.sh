# virt-efi-dt.sh -- UEFI with a device tree: no /memory nodes, the memory map comes from UEFI.  The ITS is on: under EFI the
# next kernel learns which memory the GIC still uses.
# How to run: tests/emulation/run.sh virt-efi-dt      Expect: ok      Time: 12 s
EFI=1
MACHINE=acpi=off
check() {
  jumped
  seen_times 2 'efi: EFI v' 'both kernels see EFI'
  seen 'SECOND: firmware .*efi' 'the second kernel has EFI'
  seen 'psci: probing for conduit method from DT' 'PSCI comes from the device tree'
}
