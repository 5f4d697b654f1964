# zcu102.sh -- another board with another UART: four Cortex-A53 by PSCI, a GICv2, and the purgatory speaks on a Cadence UART.
# How to run: tests/emulation/run.sh zcu102      Expect: ok      Time: 20 s
. "$HARNESS/zcu102.sh"
check() {
  jumped
  seen_times 2 'Machine model: ZynqMP ZCU102' 'the board'
}
