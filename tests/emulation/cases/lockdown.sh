# lockdown.sh -- a locked-down kernel refuses kexec_load, and the message says that it is the lockdown.
# How to run: tests/emulation/run.sh lockdown      Expect: ok      Time: 4 s
GUEST=refused
APPEND=lockdown=integrity
check() {
  in_order 'G: lockdown .*\\[integrity\\]' '[]] kxf.*lock(ed )?.?down' 'the kernel says loaded 0' 'G: kxf status: exit 3' 'INIT: done'
  seen 'G: kxf load: exit 1' 'load is refused'
}
