# shellcheck shell=bash
# bundle.sh -- a bundle made on this machine, from a capture, is started by QEMU in the place of a kernel.
#
# How to use:  in a case, after board NAME: . "$HARNESS/bundle.sh"; RECORDED=NAME; start() { bundle "$1"; }
#   RECORDED  the capture in tests/machines; its machine is SMP, CPU, MEM and MACHINE of the case
#   UNTIL     regular expression that ends it                                     (SECOND: end)
#   alter()   changes the file before it is started; it runs in its folder
#   bundle_started_by FILE: adds to QEMU what makes it start the file             (-kernel)
#   damage_bundle   one byte of the kernel is changed before it is started; not_entered SEGMENT: that is what the purgatory says
#   bundle_of KERNEL INITRD FILE: makes the file alone, for a case that starts it in another way
# Expect:      below build/emulation/NAME: share/board.img, plan.json, console.log
# Time:        5 to 8 s

RECORDED='' UNTIL='SECOND: end|end Kernel panic'
alter() { :; }
bundle_started_by() { QEMU+=(-kernel "$1" ${TREE:+-dtb "$TREE"}); }

# The words for init in the capture's command line are those of the boot that was recorded.
bundle_of() { # KERNEL INITRD FILE
  host_kxf bundle --machine "$ROOT/tests/machines/$RECORDED.tar" --profile "$ROOT/config/profiles/$PROFILE.toml" \
    --kernel "$1" --initrd "$2" --command-line "console=$CONSOLE KXFMARK=$MARK" -o "$3" --json
}

bundle() { # NAME
  local show=()
  begin_on_host "$1"
  if ! bundle_of "$PLANNED_KERNEL" "$PLANNED_INITRD" "$SHARE/board.img" > "$SHARE/plan.json" 2> "$SHARE/bundle.err"; then
    fail "no bundle: $(tail -3 "$SHARE/bundle.err")"
    : > "$LOG"
    return
  fi
  ( cd "$SHARE" && alter )
  # shellcheck disable=SC2034  # qemu_of_board reads it: QEMU has the file and nothing else
  SHARED=no
  qemu_of_board
  bundle_started_by "$SHARE/board.img"
  [ -z "$SHOW" ] || show=(--show "$SHOW")
  python3 "$HARNESS/runqemu.py" --timeout "$TIMEOUT" --until "$UNTIL" --log "$LOG" \
    ${show[@]+"${show[@]}"} -- "${QEMU[@]}" || true
}

# bundled: the purgatory brought the segments to their places and verified them; the kernel came up to its init, with all CPUs
# and the marker on its command line
bundled() {
  in_order 'kxf: bundle at 0x[0-9a-f]+, [0-9]+ segments .*in place' 'kxf: verifying .* ok' 'kxf: entering the kernel' \
    'Linux version' "SECOND: .* nproc $SMP," "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: end'
  not_seen 'Kernel panic' 'the kernel panicked'
}

damage_bundle() {
  UNTIL='SHA-256 does not match; the kernel is not entered'
  alter() { printf '\x55' | dd of=board.img bs=1 seek=$((0x1000000)) conv=notrunc status=none; }
}
not_entered() { # SEGMENT, a regular expression
  in_order 'kxf: bundle at .*in place' "kxf: segment $1 at .* $UNTIL"
  not_seen 'Linux version' 'the kernel was entered'
}
