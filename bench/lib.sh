# shellcheck shell=bash
# lib.sh -- what the benchmarks share: the guest that they measure in, and their tables.
#
# How to use:  . bench/lib.sh; reset_case; board NAME; set variables; prepare_bench GUEST; measure ...; row ...
#   of tests/emulation/lib.sh: MEM, SMP, APPEND (more words for the command line); of their own:
#   INITRD_BYTES  of random bytes, the initrd                                     (64 MiB)
#   UNTIL         regular expression that ends a boot                             (INIT: done|end Kernel panic)
#   BOOT_SECONDS  at most                                                         (300)
# Expect:      below build/bench-TARGET: share/ (the guest's /mnt), HOW.results (lines that begin with BENCH), console.log
# Time:        nothing beside what is built
# env: KXF_NO_BUILD=1  the staged tree is as it should be

. "$(dirname "${BASH_SOURCE[0]}")/../tests/emulation/lib.sh"
INITRD_BYTES=$((64 << 20))
UNTIL='INIT: done|end Kernel panic'
BOOT_SECONDS=300

build_bench() {
  local target
  "$ROOT/scripts/setup.sh" bench cross build
  for target; do
    "$ROOT/scripts/build.sh" "$target"
    "$ROOT/scripts/stage.sh" "$target" "$ROOT/build/stage-$target"
  done
}

# prepare_bench GUEST [TARGET...]: builds for the board and each TARGET; sets SHARE, with the kernel, an initrd, bench and
# bench/GUEST.sh, what the guest's init runs
prepare_bench() {
  local cross; GUEST=$1; shift
  case $TARGET in
    arm64) cross=aarch64-linux-gnu- ;;
    ppc64el) cross=powerpc64le-linux-gnu- ;;
  esac
  OUT=$ROOT/build/bench-$TARGET SHARE=$ROOT/build/bench-$TARGET/share
  rm -rf "$SHARE" "$OUT"/*.results
  mkdir -p "$SHARE"
  if [ "${KXF_NO_BUILD:-0}" = 0 ]; then
    build_bench "$TARGET" "$@" > "$OUT/build.log" 2>&1 || { tail -30 "$OUT/build.log"; die "the build failed: $OUT/build.log"; }
  fi
  prepare_emulation "$TARGET"
  find_kernel debian "$TARGET"
  CC=${cross}gcc
  compile bench
  cp "$KERNEL_DIR/$IMAGE" "$ROOT/bench/$GUEST.sh" "$SHARE/"
  printf '%s=%s\n' IMAGE "$IMAGE" PROFILE "$PROFILE" CONSOLE "$CONSOLE" > "$SHARE/case.env"
  # Random bytes: nothing on the way can compress them.  The same ones each time
  python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(0).randbytes(int(sys.argv[1])))' \
    "$INITRD_BYTES" > "$SHARE/initrd.bin"
}

# compile NAME: bench/NAME.c, a program of the guest
compile() { "$CC" -std=c17 -O2 -static -Wall -Wextra -Wconversion -Wshadow -Werror -o "$SHARE/$1" "$ROOT/bench/$1.c"; }

# measure HOW LABEL QEMU-OPTION...: one boot; its BENCH lines go to HOW.results
measure() {
  local how=$1 label=$2; shift 2
  LOG=$OUT/console.log
  qemu_of_board
  python3 "$HARNESS/runqemu.py" --timeout "$BOOT_SECONDS" --until "$UNTIL" --log "$LOG" -- "${QEMU[@]}" \
    -kernel "$KERNEL_DIR/$IMAGE" -initrd "$OUT/initrd-$TARGET.gz" -append "console=$CONSOLE quiet $APPEND guest=$GUEST load=$label" \
    -fsdev "local,id=share,path=$SHARE,security_model=none,multidevs=remap,readonly=on" "$@" ||
    die "the guest did not come to its end: $LOG"
  if ! grep -aq 'BENCH: loaded' "$LOG"; then
    grep -aE 'BENCH|bench:|kxf:|remedy' "$LOG" || true
    die "$label could not be measured: $LOG"
  fi
  tr -d '\r' < "$LOG" | sed -n 's/.*[]] \(BENCH.*\)/\1/p' >> "$OUT/$how.results"
}

# versions HOW: of the programs and the kernel
versions() { sed -n 's/^BENCH: versions //p' "$OUT/$1.results" | sort -u; }

# value HOW LABEL FIELD: the median over the boots
value() {
  sed -nE "s/^BENCH $2 .*\<$3 ([0-9]+).*/\1/p" "$OUT/$1.results" | sort -n |
    awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

MISSED=0
# cells PEER KXF DIVISOR UNIT [TARGET]: cells of a table; the ratio must not be above the target.  An empty PEER: there is none
cells() {
  local ratio target=${5:-}
  if [ -z "$1" ]; then
    awk -v b="$2" -v divisor="$3" -v unit="$4" 'BEGIN { printf " not read | %.1f %s | | |", b / divisor, unit }'
    return
  fi
  ratio=$(awk -v a="$2" -v b="$1" 'BEGIN { printf "%.3f", a / b }')
  if [ -n "$target" ] && awk -v ratio="$ratio" -v target="$target" 'BEGIN { exit !(ratio > target) }'; then
    target+=', missed'
    MISSED=$((MISSED + 1))
  fi
  awk -v a="$1" -v b="$2" -v divisor="$3" -v unit="$4" -v ratio="$ratio" -v target="$target" 'BEGIN {
    printf " %.1f %s | %.1f %s | %s | %s |", a / divisor, unit, b / divisor, unit, ratio, target }'
}

# row NAME PEER KXF DIVISOR UNIT [TARGET]: a line of a table
row() {
  printf '| %s |' "$1"
  shift
  cells "$@"
  echo
}
