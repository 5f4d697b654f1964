# bundle-raspi3b.sh -- a bundle on raspi3b, from a capture of four running CPUs of a spin table, which no load could take over:
#   firmware starts it, so they are all still in its loop, and the kernel gets them.
# How to run: tests/emulation/run.sh bundle-raspi3b      Expect: ok      Time: 8 s
board raspi3b
. "$HARNESS/bundle.sh"
RECORDED=raspi3b
start() { bundle "$1"; }
check() {
  bundled
  seen 'Machine model: Raspberry Pi 3 Model B' 'the board'
}
