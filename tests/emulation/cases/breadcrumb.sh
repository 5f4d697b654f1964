# breadcrumb.sh -- the purgatory leaves its breadcrumb in memory that the tree reserves: the second kernel reads that it was
#   entered; a damaged crash kernel is not, and after a reset the first kernel reads why.
# How to run: tests/emulation/run.sh breadcrumb      Expect: ok      Time: 15 s
. "$HARNESS/reserved.sh"
KERNEL=small
GUEST=breadcrumb
MEM=640M
APPEND=crashkernel=224M
RESET='the kernel is not entered'
TREE=$OUT/breadcrumb/board.dtb
prepare() {
  cat > profile.toml <<'P'
schema = 1
command-line.mode = "reuse"
digest.policy = "always"
purgatory.breadcrumb = "0x67ff0000"
P
  tree_with_reserved breadcrumb 0x67ff0000 0x10000
  fdtput "$TREE" "$RESERVED" no-map
}
check() {
  in_order 'G: came in hop=.?$' 'no breadcrumb \(magic 0x' 'G: kxf status: exit 1' 'G: kxf load: exit 0' 'G: kxf exec' \
    '[]] kxf: entering the kernel' 'G: came in hop=1' \
    'jump 1 since the memory was cleared: the purgatory entered the kernel' 'G: kxf status: exit 0' '"phase": "entering"' \
    'G: kxf load: exit 0' 'G: initrd at 0x' 'G: devmem .*: exit 0' 'sysrq: Trigger a crash' \
    '[]] kxf: segment . \(initrd.*SHA-256 does not match; the kernel is not entered' 'Linux version' 'G: came in hop=.?$' \
    'jump 2 since the memory was cleared: the purgatory verified segment . \(initrd.*\) of [0-9]+ and did not find its SHA-256' \
    'G: kxf status: exit 0' 'INIT: done'
}
