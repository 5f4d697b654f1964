# virt-spin-table-el1.sh -- no PSCI: CPUs wait in a spin table in EL1. After nr_cpus=1 the second kernel starts all four.
# How to run: tests/emulation/run.sh virt-spin-table-el1      Expect: ok      Time: 10 s
. "$HARNESS/spin-table.sh"
APPEND=nr_cpus=1
PROFILE=/mnt/profile.toml
prepare() { spin_table_profile; }
check() {
  jumped
  in_order 'FIRMWARE: CPU 0 enters the kernel' 'INIT: up, .* cpus online 0, ' '[]] kxf: purgatory, EL1' 'SMP: Total of 4 processors'
  seen_times 2 'CPU: All CPU\(s\) started at EL1' 'both kernels start in EL1'
}
