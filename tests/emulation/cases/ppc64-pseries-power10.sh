# ppc64-pseries-power10.sh -- pseries, POWER10; the console is another terminal than QEMU's usual one.
# How to run: tests/emulation/run.sh ppc64-pseries-power10      Expect: ok      Time: 9 s
board pseries
CPU=power10
DEVICES=(-chardev stdio,id=console -device spapr-vty,chardev=console,reg=0x30000003)
