# capture-equal.sh -- kxf plan in the guest and on the host, from the guest's capture, print the same bytes.
# How to run: tests/emulation/run.sh capture-equal      Expect: ok      Time: 5 s
GUEST=capture
prepare() { cp "$ROOT/build/stage-arm64/etc/kxf/profiles/qemu-virt.toml" profile.toml; }
check() { planned_alike; }
