# crash-virt-efi-acpi.sh -- UEFI with ACPI, and the ITS: the kernel's device tree is a stub, the memory map comes from UEFI.
# How to run: tests/emulation/run.sh crash-virt-efi-acpi      Expect: ok      Time: 16 s
GUEST=crash
EFI=1
PROFILE=qemu-virt-efi
MACHINE=''
MEM=640M
APPEND=crashkernel=224M
PANIC_CPU=1
check() {
  dumped
  seen_times 2 'psci: probing for conduit method from ACPI' 'both kernels use ACPI'
  seen 'SECOND: firmware .*acpi' 'the capture kernel has ACPI'
}
