# ppc64-crash-pseries.sh -- Debian's kernel on pseries, a panic on a CPU that is not the boot CPU: the crash kernel runs where it
#   was loaded, and makedumpfile reads the core.
# How to run: tests/emulation/run.sh ppc64-crash-pseries      Expect: ok      Time: 15 s
board pseries
GUEST=crash
MEM=1G
APPEND=crashkernel=256M
PANIC_CPU=1
check() { dumped; }
