# crash-file-load.sh -- a crash kernel by kexec_file_load, a panic, and the crash kernel comes up with /proc/vmcore.
# How to run: tests/emulation/run.sh crash-file-load      Expect: ok      Time: 6 s
KERNEL=small
GUEST=crash
APPEND=crashkernel=256M
LOAD='--syscall kexec_file_load'
check() {
  loaded
  in_order 'sysrq: Trigger a crash' 'Starting crashdump kernel' 'Booting Linux on physical CPU' 'SECOND: crash kernel' \
    "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: end'
}
