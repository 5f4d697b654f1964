# virt-spin-table-refused.sh -- a spin table and two possible CPUs: refused before the kernel answers EBUSY, with what helps.
# How to run: tests/emulation/run.sh virt-spin-table-refused      Expect: ok      Time: 10 s
. "$HARNESS/spin-table.sh"
SMP=2
GUEST=refused
check() {
  in_order 'Brought up 1 node, 2 CPUs' 'G: kxf load' 'with 2 possible CPUs kexec_load answers EBUSY' \
    'remedy: boot the running kernel with nr_cpus=1' 'G: kxf load: exit 1' 'the kernel says loaded 0' 'G: kxf status: exit 3' \
    'INIT: done'
  not_seen 'CPUs are stuck in the kernel' 'the kernel was not asked'
}
