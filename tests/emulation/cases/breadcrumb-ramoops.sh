# breadcrumb-ramoops.sh -- the purgatory's text behind the old kernel's in ramoops, where the new kernel's own driver finds both.
# How to run: tests/emulation/run.sh breadcrumb-ramoops      Expect: ok      Time: 10 s
. "$HARNESS/reserved.sh"
GUEST=ramoops
TREE=$OUT/breadcrumb-ramoops/board.dtb
prepare() {
  cat > profile.toml <<'P'
schema = 1
command-line.mode = "reuse"
digest.policy = "always"
purgatory.breadcrumb = "ramoops"
P
  tree_with_reserved ramoops 0x7ff00000 0x20000
  fdtput -t s "$TREE" "$RESERVED" compatible ramoops
  fdtput -t x "$TREE" "$RESERVED" record-size 4000
  fdtput -t x "$TREE" "$RESERVED" console-size 10000
}
check() {
  in_order 'G: came in hop=.?$' 'G: kxf status: exit 1' 'G: kxf load: exit 0' 'G: kxf exec' '[]] kxf: entering the kernel' \
    'G: came in hop=1' 'kxf: purgatory, EL1' 'kxf: verifying [0-9]+ segments ... ok, MMU on' 'kxf: entering the kernel at' \
    'G: kxf status: exit 0' 'G: pstore: kxf: purgatory, EL1[|]kxf: verifying .*entering the kernel' 'INIT: done'
}
