# unload.sh -- load, then unload: status 3, 0, 3, and the kernel agrees.
# How to run: tests/emulation/run.sh unload      Expect: ok      Time: 4 s
GUEST=unload
check() {
  in_order 'G: kxf status: exit 3' 'G: kxf load: exit 0' 'G: kxf status: exit 0' 'the kernel says loaded 1' \
    'G: kxf unload: exit 0' 'the kernel says loaded 0' 'G: kxf status: exit 3' 'INIT: done'
}
