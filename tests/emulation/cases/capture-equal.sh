# capture-equal.sh -- kxf plan in the guest and on the host, from the guest's capture, print the same bytes.
# How to run: tests/emulation/run.sh capture-equal      Expect: ok      Time: 5 s
GUEST=capture
prepare() { cp "$ROOT/build/stage-arm64/etc/kxf/profiles/qemu-virt.toml" profile.toml; }
check() {
  in_order 'G: kxf capture: exit 0' 'G: kxf plan: exit 0' 'INIT: done'
  cd "$SHARE"
  host_kxf plan --machine machine.tar --profile ./profile.toml --kernel Image --initrd initrd.gz \
    --append "KXFMARK=$MARK" --json > host.json 2> host.err || fail "plan on the host: exit $?: $(tail -3 host.err)"
  cmp -s plan.json host.json || fail "plans differ: $(diff plan.json host.json | head -5)"
  [ -s plan.json ] || fail 'the plan is empty'
}
