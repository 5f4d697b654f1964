# no-permission.sh -- as uid 1000, load, unload and exec refuse with a message and change nothing.
# How to run: tests/emulation/run.sh no-permission      Expect: ok      Time: 4 s
GUEST=no-permission
check() {
  in_order 'G: as user: uid=1000' '[]] kxf.*(root|permi|CAP_SYS_BOOT|privilege)' 'G: as user, kxf load: exit 1' \
    '[]] kxf' 'G: as user, kxf unload: exit 1' '[]] kxf' 'G: as user, kxf exec: exit 1' 'the kernel says loaded 0' 'INIT: done'
}
