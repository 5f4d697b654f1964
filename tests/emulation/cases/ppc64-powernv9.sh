# ppc64-powernv9.sh -- bare metal with OPAL: load, status, jump; the purgatory prints through OPAL, and the second kernel gets
# both CPUs back from it.
# How to run: tests/emulation/run.sh ppc64-powernv9      Expect: ok      Time: 15 s
board powernv9
check() {
  jumped
  seen 'SECOND: firmware .*opal' 'the second kernel has OPAL'
}
