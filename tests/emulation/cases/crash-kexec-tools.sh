# crash-kexec-tools.sh -- Debian's kernel hides _text (KALLSYMS_ALL=n): Debian's kexec-tools writes an entry of garbage into the
#   core's header, and what should read the core fails in the capture kernel.  What kxf does about it: crash-virt-dt-el1.
# How to run: tests/emulation/run.sh crash-kexec-tools      Expect: ok      Time: 15 s
GUEST=kexec-tools-crash
MEM=640M
APPEND=crashkernel=224M
check() {
  in_order 'G: kexec -i: exit 0' 'sysrq: Trigger a crash' 'SECOND: crash kernel' 'Internal error: Oops' 'read_vmcore' 'SECOND: end'
  seen 'VMCORE: makedumpfile --dump-dmesg /proc/vmcore .*: exit [1-9]' 'makedumpfile has no log'
  seen 'VMCORE: makedumpfile -l -d 31 .*: exit [1-9]' 'makedumpfile has no dump'
  not_seen 'VMCORE: .* has the canary' 'something could be read'
}
