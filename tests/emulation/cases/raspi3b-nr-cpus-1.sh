# raspi3b-nr-cpus-1.sh -- after nr_cpus=1 three CPUs still wait in the spin table: the second kernel starts all four. The
#   purgatory speaks on the board's own UART, the bcm2835 auxiliary one.
# How to run: tests/emulation/run.sh raspi3b-nr-cpus-1      Expect: ok      Time: 20 s
board raspi3b
APPEND=nr_cpus=1
check() {
  jumped
  seen 'INIT: up, .* cpus online 0, ' 'the first kernel has one CPU'
  seen 'Machine model: Raspberry Pi 3 Model B' 'the board'
  seen 'SMP: Total of 4 processors activated' 'the second kernel starts all CPUs'
}
