# ppc64-crash-big-endian.sh -- a big-endian crash kernel under Debian's little-endian one: it stays in its region.  The word that
#   tells it so is in its own byte order; without it the kernel would run at 0, over what it should save.
# How to run: tests/emulation/run.sh ppc64-crash-big-endian      Expect: ok      Time: 8 s
board pseries
GUEST=crash
MEM=1G
APPEND=crashkernel=256M
PANIC_CPU=1
IMAGE=vmlinux-be
INITRD='initrd-be.gz'
prepare() { big_endian vmlinux; }
check() {
  local base
  armed
  base=$(sed -n 's/.*IOMEM: \([0-9a-f]*\)-.* : Crash kernel.*/\1/p' "$LOG")
  in_order 'sysrq: Trigger a crash' "physical_start *= 0x$base" 'SECOND: kernel .*-be, .* nproc 1, ppc64$' \
    "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: end'
}
