# shellcheck shell=bash
# replay.sh -- a plan made on this machine, from a capture, runs on pseries with no first kernel.
#
# How to use:  in a case, after board pseries: . "$HARNESS/replay.sh"; RECORDED=NAME; start() { replay "$1"; }
#   RECORDED  the capture in tests/machines; its machine is SMP, CPU and MEM of the case
#   ENTER     little or big: byte order of the kernel that the plan leaves; the capture is changed to be of such a one (little)
#   SETTINGS  text for the end of the profile
#   UNTIL     regular expression that ends it                                     (SECOND: end)
#   alter()   changes the plan's segments before they run; it runs in their folder
# Expect:      below build/emulation/NAME: share/plan/ (plan.json and the segments), console.log
# Time:        3 s
#
# The interrupt controller must be XICS, in the capture too: XIVE is switched on by a negotiation with firmware, and no
# firmware runs here.

RECORDED='' ENTER=little SETTINGS='' UNTIL='SECOND: end|end Kernel panic'
MACHINE=ic-mode=xics
alter() { :; }
RTAS_START_CPU=0x2006      # the token that QEMU gives it

replay() { # NAME
  local plan devices=() show=() base segment address
  begin_on_host "$1"
  plan=$SHARE/plan
  machine_that_leaves "$ENTER" "$ROOT/tests/machines/$RECORDED.tar" "$SHARE/machine.tar"
  { cat "$ROOT/config/profiles/$PROFILE.toml"; echo "$SETTINGS"; } > "$SHARE/profile.toml"
  # shellcheck disable=SC2086  # words
  if ! host_kxf plan --machine "$SHARE/machine.tar" --profile "$SHARE/profile.toml" \
      --kernel "$PLANNED_KERNEL" --initrd "$PLANNED_INITRD" --append "KXFMARK=$MARK" --segments "$plan" $LOAD \
      > "$SHARE/plan.txt" 2>&1; then
    fail "no plan: $(tail -3 "$SHARE/plan.txt")"
    : > "$LOG"
    return
  fi
  ( cd "$plan" && alter )

  powerpc64-linux-gnu-gcc -mbig -nostdlib -static -Wl,-Ttext=0,-N,--build-id=none,--no-warn-rwx-segments \
    -o "$CASE/replay.elf" "$HARNESS/replay.S"
  powerpc64-linux-gnu-objcopy -O binary -j .text "$CASE/replay.elf" "$CASE/replay.bin"
  # QEMU's RTAS: the 20 bytes that its firmware copies to where the tree says (mr r4,r3; li r3,0xf000; sc 1; blr)
  printf '\x7c\x64\x1b\x78\x3c\x60\x00\x00\x60\x63\xf0\x00\x44\x00\x00\x22\x4e\x80\x00\x20' > "$CASE/rtas.bin"
  base=$(fdtget -t x "$plan/$(plan_value tree "$plan")" /rtas linux,rtas-base)
  put "$CASE/rtas.bin" "0x$base"
  while read -r segment address; do put "$plan/$segment" "$address"; done < <(plan_value segments "$plan")
  word 0x3000 "$(plan_value entry "$plan")"
  word 0x3008 "$([ "$ENTER" = big ] && echo 0 || echo 1)"
  word 0x3010 "$SMP"
  word 0x3018 "$RTAS_START_CPU"
  [ -z "$SHOW" ] || show=(--show "$SHOW")
  python3 "$HARNESS/runqemu.py" --timeout "$TIMEOUT" --until "$UNTIL" --log "$LOG" \
    ${show[@]+"${show[@]}"} -- qemu-system-ppc64 -accel tcg,tb-size=64 -nic none -no-reboot -smp "$SMP" -m "$MEM" -cpu "$CPU" \
    -display none -nodefaults "${DEVICES[@]}" -M "$PSERIES${MACHINE:+,$MACHINE}" -bios "$CASE/replay.bin" "${devices[@]}" || true
}

# machine_that_leaves little|big CAPTURE OUTPUT: the capture, with a running kernel of this byte order
machine_that_leaves() {
  PYTHONPATH=$ROOT/tests/support python3 - "$@" <<'P'
import sys
import captures
order, source, output = sys.argv[1:]
capture = captures.Capture(source)
capture.facts(endian=order, hardware='ppc64le' if order == 'little' else 'ppc64')
capture.write(output)
P
}

put() { devices+=(-device "loader,file=$1,addr=$2,force-raw=on"); }
word() { devices+=(-device "loader,addr=$1,data=$2,data-len=8,data-be=on"); }

# plan_value entry|tree|segments FOLDER: from its plan.json
plan_value() {
  python3 - "$@" <<'P'
import json, sys
what, folder = sys.argv[1:]
plan = json.load(open(folder + '/plan.json'))
if what == 'entry':
    print(plan['entry'])
elif what == 'tree':
    for segment in plan['segments']:
        if open(folder + '/' + segment['name'], 'rb').read(4) == b'\xd0\x0d\xfe\xed':
            print(segment['name'])
else:
    for segment in plan['segments']:
        print(segment['name'], segment['start'])
P
}

# replayed: the purgatory spoke; the kernel came up to its init, with all CPUs and the marker on its command line
replayed() {
  in_order 'REPLAY: entering the plan' '[]] kxf: ' 'Linux version' "SECOND: .* nproc $SMP," "SECOND: cmdline .*KXFMARK=$MARK" \
    'SECOND: end'
  not_seen 'Kernel panic' 'the kernel panicked'
}
