# ppc64-crash-file-load.sh -- a crash kernel by kexec_file_load on pseries: the small kernel dumps itself.
# How to run: tests/emulation/run.sh ppc64-crash-file-load      Expect: ok      Time: 8 s
board pseries
KERNEL=small
SHARED=no
GUEST=crash
MEM=1G
APPEND=crashkernel=256M
LOAD='--syscall kexec_file_load'
check() { dumped directly; }
