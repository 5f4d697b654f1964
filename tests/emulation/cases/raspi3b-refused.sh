# raspi3b-refused.sh -- a spin table and four possible CPUs: Linux would answer EBUSY; kxf says so before and what helps.
# How to run: tests/emulation/run.sh raspi3b-refused      Expect: ok      Time: 10 s
board raspi3b
GUEST=refused
check() {
  in_order 'Brought up 1 node, 4 CPUs' 'G: kxf load' 'with 4 possible CPUs kexec_load answers EBUSY' \
    'remedy: boot the running kernel with nr_cpus=1' 'G: kxf load: exit 1' 'the kernel says loaded 0' 'G: kxf status: exit 3' \
    'INIT: done'
  not_seen 'CPUs are stuck in the kernel' 'the kernel was not asked'
}
