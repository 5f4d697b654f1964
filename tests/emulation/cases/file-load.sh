# file-load.sh -- kexec_file_load, which Debian's kernel has not: the small kernel loads itself and jumps.
# How to run: tests/emulation/run.sh file-load      Expect: ok      Time: 5 s
KERNEL=small
LOAD='--syscall kexec_file_load'
check() { jumped directly; }
