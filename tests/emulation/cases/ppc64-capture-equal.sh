# ppc64-capture-equal.sh -- kxf plan in the guest and on the host, from the guest's capture, print the same bytes.
# How to run: tests/emulation/run.sh ppc64-capture-equal      Expect: ok      Time: 6 s
board pseries
GUEST=capture
prepare() { cp "$ROOT/build/stage-ppc64el/etc/kxf/profiles/$PROFILE.toml" profile.toml; }
check() { planned_alike; }
