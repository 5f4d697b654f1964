# exec-nothing-loaded.sh -- kxf exec with nothing loaded refuses with a message.
# How to run: tests/emulation/run.sh exec-nothing-loaded      Expect: ok      Time: 3 s
GUEST=exec-nothing-loaded
check() {
  in_order 'G: kxf exec' '[]] kxf.*(no|not|nothing).*loaded' 'G: kxf exec: exit 1' 'G: still here' 'INIT: done'
}
