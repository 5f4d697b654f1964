# virt-its.sh -- a GICv3 ITS without EFI keeps its tables across the jump: kxf keeps off them and reserves them in the next
#   tree, so that the second kernel takes them over and comes up. What kexec-tools does: virt-its-kexec-tools.
# How to run: tests/emulation/run.sh virt-its      Expect: ok      Time: 10 s
MACHINE=its=on
check() {
  jumped
  in_order 'using LPI property table @' 'Bye!' 'Using preallocated redistributor tables' 'using LPI property table @'
  [ "$(grep -aoE 'LPI property table @0x[0-9a-f]+' "$LOG" | sort -u | wc -l)" = 1 ] ||
    fail 'the second kernel made a table of its own'
  not_seen 'memory probably corrupted' 'the second kernel knows that the tables are reserved'
  not_seen 'kxf: warning' 'nothing is left to warn of'
}
