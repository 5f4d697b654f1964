# ppc64-crash-pseries.sh -- Debian's kernel on pseries: kxf check says that memory went away after arming, and is content when it is
#   armed again. A panic on a CPU that is not the boot CPU: the crash kernel runs where it was loaded, makedumpfile reads the core.
# How to run: tests/emulation/run.sh ppc64-crash-pseries      Expect: ok      Time: 15 s
board pseries
GUEST=crash
MEM=1G,slots=1,maxmem=2G
DEVICES+=(-object memory-backend-ram,id=late,size=256M -device pc-dimm,memdev=late)
APPEND='crashkernel=256M movable_node'   # nothing that cannot be moved lies in memory that can be removed
PANIC_CPU=1
prepare() {
  cat > armed.sh <<'G'
echo "memory remove count 1" > /sys/kernel/dlpar
run kxf check --crash
arm
run kxf check --crash
G
}
check() {
  dumped
  in_order 'G: kxf check: exit 0' 'Memory at 40000000 was hot-removed' 'kxf: memory was removed: 0x40000000-0x4fffffff' 'G: kxf check: exit 1' \
    'G: kxf load: exit 0' 'G: kxf check: exit 0' 'G: panic'
}
