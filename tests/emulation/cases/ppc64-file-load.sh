# ppc64-file-load.sh -- kexec_file_load on pseries, which Debian's kernel has not: the small kernel loads itself and jumps.
# How to run: tests/emulation/run.sh ppc64-file-load      Expect: ok      Time: 6 s
board pseries
KERNEL=small
SHARED=no
LOAD='--syscall kexec_file_load'
check() { jumped directly; }
