# ppc64-powernv9-file-load.sh -- kexec_file_load on PowerNV, with the small kernel.
# How to run: tests/emulation/run.sh ppc64-powernv9-file-load      Expect: ok      Time: 12 s
board powernv9
KERNEL=small
SHARED=no
LOAD='--syscall kexec_file_load'
check() { jumped directly; }
