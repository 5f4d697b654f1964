#!/bin/bash
# load.sh [arm64|ppc64] -- what loading costs: kxf load against Debian's kexec -l, in one guest, on the same files.
#
# How to run:  bench/load.sh          in an arm64 machine
#              bench/load.sh ppc64    in a ppc64el partition (pseries)
#   Debian's Image or vmlinux and an initrd of 64 MiB of random bytes, both in tmpfs, both programs with their defaults: with
#   SHA-256 (kxf load --digest always, kexec -l) and without (kxf load --digest none, kexec -i -l).  On Debian's kernel both
#   come to kexec_load.
# Expect:      the table of README.md, and exit status 1 when a ratio is above the target that stands beside it.
#   "instructions": QEMU counts them (-icount shift=0: one is 1 ns of the guest's time); the kernel's share is in them, the
#   load of the host is not.  "time": under plain TCG, where it is, and where the CPU's SHA or vector instructions, one each
#   in the count, are calls.  Both are of the first load after a boot, in the median of BOOTS boots, for a kernel is loaded once
#   in a boot.  "again" is the median of the loads that follow in the same boot.
# Time:        3 minutes, beside the builds of the first time
# env: BOOTS=3         of each kind
#      KXF_NO_BUILD=1  build/stage-arm64 or -ppc64el is as it should be
set -euo pipefail
. "$(dirname "$0")/../tests/emulation/lib.sh"
# board: the machine of tests/emulation/lib.sh
case ${1:-arm64} in
  arm64) board=virt cross=aarch64-linux-gnu- target_without=0.8 ;;
  # none without a digest: kexec-tools copies what kxf maps, and the kernel's copying is most of what both do
  ppc64) board=pseries cross=powerpc64le-linux-gnu- target_without='' ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
reset_case
board "$board"
# shellcheck disable=SC2034  # qemu_of_board reads them
SMP=1 MEM=2G
OUT=$ROOT/build/bench-$TARGET
BOOTS=${BOOTS:-3}
INITRD_BYTES=$((64 << 20))
LABELS='kexec-sha256 kxf-sha256 kexec-none kxf-none'
mkdir -p "$OUT"

build() {
  "$ROOT/scripts/setup.sh" bench cross build
  "$ROOT/scripts/build.sh" "$TARGET"
  "$ROOT/scripts/stage.sh" "$TARGET" "$ROOT/build/stage-$TARGET"
}
if [ "${KXF_NO_BUILD:-0}" = 0 ]; then
  build > "$OUT/build.log" 2>&1 || { tail -30 "$OUT/build.log"; die "the build failed: $OUT/build.log"; }
fi
prepare_emulation "$TARGET"
find_kernel debian "$TARGET"
"${cross}gcc" -std=c17 -O2 -static -Wall -Wextra -Wconversion -Wshadow -Werror -o "$OUT/bench" "$ROOT/bench/bench.c"

share=$OUT/share
rm -rf "$share"
mkdir -p "$share"
cp "$KERNEL_DIR/$IMAGE" "$ROOT/bench/guest.sh" "$OUT/bench" "$share/"
printf '%s=%s\n' IMAGE "$IMAGE" PROFILE "$PROFILE" CONSOLE "$CONSOLE" > "$share/case.env"
# Random bytes: nothing on the way can compress them.  The same ones each time
python3 -c 'import random, sys; sys.stdout.buffer.write(random.Random(0).randbytes(int(sys.argv[1])))' \
  "$INITRD_BYTES" > "$share/initrd.bin"

# measure HOW LABEL QEMU-OPTION...: one boot; its BENCH lines go to HOW.results
measure() {
  local how=$1 label=$2 log=$OUT/console.log; shift 2
  qemu_of_board
  python3 "$HARNESS/runqemu.py" --timeout 900 --until 'INIT: done|end Kernel panic' --log "$log" -- "${QEMU[@]}" \
    -kernel "$KERNEL_DIR/$IMAGE" -initrd "$OUT/initrd-$TARGET.gz" -append "console=$CONSOLE quiet guest=guest load=$label" \
    -fsdev "local,id=share,path=$share,security_model=none,multidevs=remap,readonly=on" "$@" ||
    die "the guest did not come to its end: $log"
  if ! grep -aq 'BENCH: loaded' "$log"; then
    grep -aE 'BENCH|bench:|kxf:|remedy' "$log" || true
    die "$label could not be measured: $log"
  fi
  tr -d '\r' < "$log" | sed -n 's/.*[]] \(BENCH.*\)/\1/p' >> "$OUT/$how.results"
}

# value HOW LABEL FIELD: the median over the boots
value() {
  sed -nE "s/^BENCH $2 .*\<$3 ([0-9]+).*/\1/p" "$OUT/$1.results" | sort -n |
    awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

rm -f "$OUT"/*.results
for label in $LABELS; do
  for _ in $(seq "$BOOTS"); do
    say "$label"
    measure icount "$label" -icount shift=0,sleep=off
    measure time "$label"
  done
done

missed=0
# row NAME PEER KXF DIVISOR UNIT [TARGET]: a line of the table; the ratio must not be above the target
row() {
  local ratio target=${6:-}
  ratio=$(awk -v a="$3" -v b="$2" 'BEGIN { printf "%.3f", a / b }')
  if [ -n "$target" ] && awk -v ratio="$ratio" -v target="$target" 'BEGIN { exit !(ratio > target) }'; then
    target+=', missed'
    missed=$((missed + 1))
  fi
  awk -v name="$1" -v a="$2" -v b="$3" -v divisor="$4" -v unit="$5" -v ratio="$ratio" -v target="$target" 'BEGIN {
    printf "| %s | %.1f %s | %.1f %s | %s | %s |\n", name, a / divisor, unit, b / divisor, unit, ratio, target }'
}

# rows DIGEST TEXT TARGET: all measures of one kind of load; the target is for the instructions
rows() {
  row "instructions, $2" "$(value icount "kexec-$1" first)" "$(value icount "kxf-$1" first)" 1000000 M "$3"
  row "again in the same boot" "$(value icount "kexec-$1" again)" "$(value icount "kxf-$1" again)" 1000000 M
  row "time under emulation" "$(value time "kexec-$1" first)" "$(value time "kxf-$1" first)" 1000000 ms
  row "peak anonymous memory / peak resident set" \
    "$(value icount "kexec-$1" maxrss)" "$(value icount "kxf-$1" anonymous)" 1024 MiB 0.2
  row "peak anonymous memory" "$(value icount "kexec-$1" anonymous)" "$(value icount "kxf-$1" anonymous)" 1024 MiB
}

sed -n 's/^BENCH: versions //p' "$OUT/icount.results" | sort -u
echo
echo '| | `kexec -l` | `kxf load` | ratio | at most |'
echo '|---|---:|---:|---:|---|'
rows sha256 'with SHA-256' 0.15
rows none 'without' "$target_without"
[ "$missed" = 0 ] || die "$missed targets missed"
