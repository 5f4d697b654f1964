# virt-efi-acpi.sh -- UEFI with ACPI: the kernel's device tree is a stub with /chosen only.  The ITS is on.
# How to run: tests/emulation/run.sh virt-efi-acpi      Expect: ok      Time: 12 s
EFI=1
PROFILE=qemu-virt-efi
MACHINE=''
check() {
  jumped
  seen_times 2 'efi: EFI v' 'both kernels see EFI'
  seen_times 2 'psci: probing for conduit method from ACPI' 'both kernels use ACPI'
  seen 'SECOND: firmware .*acpi' 'the second kernel has ACPI'
}
