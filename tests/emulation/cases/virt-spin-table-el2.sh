# virt-spin-table-el2.sh -- the same with all CPUs in EL2: the waiting ones come up there too.
# How to run: tests/emulation/run.sh virt-spin-table-el2      Expect: ok      Time: 10 s
. "$HARNESS/spin-table.sh"
MACHINE=its=off,secure=on,virtualization=on
APPEND=nr_cpus=1
PROFILE=/mnt/profile.toml
prepare() { spin_table_profile; }
check() {
  jumped
  in_order 'FIRMWARE: CPU 0 enters the kernel' 'INIT: up, .* cpus online 0, ' '[]] kxf: purgatory, EL2' 'SMP: Total of 4 processors'
  seen_times 2 'CPU: All CPU\(s\) started at EL2' 'both kernels start in EL2'
}
