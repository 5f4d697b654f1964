# crash-file-load.sh -- a crash kernel by kexec_file_load, which Debian's kernel has not: the small kernel dumps itself.
# How to run: tests/emulation/run.sh crash-file-load      Expect: ok      Time: 8 s
KERNEL=small
GUEST=crash
MEM=640M
APPEND=crashkernel=224M
LOAD='--syscall kexec_file_load'
check() { dumped directly; }
