#!/bin/bash
# crash.sh [arm|ranges] -- what a crash kernel costs: to arm it, until it runs, and to plan it on a machine of many memory ranges.
#
# How to run:  bench/crash.sh           both
#              bench/crash.sh arm       against Debian's kexec -p, in one arm64 guest, on the same files
#              bench/crash.sh ranges    kxf plan --crash on this machine
#   arm: Debian's Image, and an initrd of 64 MiB of random bytes, in tmpfs, both programs with their defaults, which are to
#   digest all segments, and without (kxf load --digest none, kexec -i). QEMU counts instructions (-icount shift=0: one is 1 ns of
#   the guest's time), the kernels' among them. The way from the crash to the capture kernel is over at its first instruction:
#   entry.S there says when that was.
#   ranges: a capture of a machine, changed to have so many ranges of RAM, each an entry of the core's header.
# Expect:      the tables of README.md, and exit status 1 when a ratio is above the target that stands beside it.
# Time:        3 minutes, beside the builds of the first time
# env: BOOTS=1         of each kind; the median counts
#      KXF_NO_BUILD=1  build/stage-arm64 and build/stage-host are as they should be
set -euo pipefail
. "$(dirname "$0")/lib.sh"
what=${1:-arm ranges}
case $what in
  arm|ranges|'arm ranges') ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
reset_case
# shellcheck disable=SC2034  # qemu_of_board reads them
SMP=1 MEM=2G APPEND=crashkernel=256M
BOOTS=${BOOTS:-1}
NS_PER_TICK=16          # of the counter: QEMU's runs at 62.5 MHz
prepare_bench crash-guest host

# ---- arming, and the way to the capture kernel -----------------------------------------------------------------------

# say_when: the share's kernel says when it is entered
say_when() {
  local entry=$OUT/entry
  "$CC" -nostdlib -static -Wl,-Ttext=0,--build-id=none -o "$entry.elf" "$ROOT/bench/entry.S"
  "${CC%gcc}objcopy" -O binary -j .text "$entry.elf" "$entry.bin"
  python3 "$ROOT/bench/entry.py" "$KERNEL_DIR/$IMAGE" "$entry.bin" "$SHARE/$IMAGE"
}

# crash_ticks LABEL: adds the difference of the two times that the last boot said
crash_ticks() {
  local began entered
  began=$(sed -nE "s/^BENCH $1 panic at ([0-9]+).*/\1/p" "$OUT/icount.results" | tail -1)
  entered=$(sed -nE 's/^BENCH: entered ([0-9a-f]+).*/\1/p' "$OUT/icount.results" | tail -1)
  [ -n "$began" ] && [ -n "$entered" ] || die "the crash kernel was not entered: $LOG"
  echo "BENCH $1 crash ns $(((16#$entered - began) * NS_PER_TICK))" >> "$OUT/icount.results"
}

# rows DIGEST TEXT TARGET: the target is for the instructions
rows() {
  row "instructions to arm, $2" "$(value icount "kexec-$1" first)" "$(value icount "kxf-$1" first)" 1000000 M "$3"
  row "again in the same boot" "$(value icount "kexec-$1" again)" "$(value icount "kxf-$1" again)" 1000000 M
  row "from the crash to the capture kernel" "$(value icount "kexec-$1" 'crash ns')" "$(value icount "kxf-$1" 'crash ns')" 1000000 M
  row "peak memory" "$(value icount "kexec-$1" peak)" "$(value icount "kxf-$1" peak)" 1024 MiB 0.2
}

measure_arming() {
  local label
  say_when
  compile panic
  UNTIL='BENCH: entered|end Kernel panic|INIT: done'
  for label in kexec-sha256 kxf-sha256 kexec-none kxf-none; do
    for _ in $(seq "$BOOTS"); do
      say "$label"
      measure icount "$label" -icount shift=0,sleep=off
      crash_ticks "$label"
    done
  done
  versions icount
  echo
  echo '| | `kexec -p` | `kxf load --crash` | ratio | at most |'
  echo '|---|---:|---:|---:|---|'
  rows sha256 'with SHA-256' 0.15
  rows none 'without' ''
  echo
}

# ---- many ranges -----------------------------------------------------------------------------------------------------

# cost RANGES: sets INSTRUCTIONS and PEAK_KIB of a plan, without SHA-256, on a machine of so many ranges of RAM
cost() {
  local work=$OUT/ranges
  python3 "$ROOT/bench/ranges.py" "$1" "$work"
  # valgrind makes system calls of its own, which the confined child may not
  plan=(--machine "$work/machine.tar" --profile "$ROOT/config/profiles/generic-arm64.toml" --crash --syscall kexec_load
    --digest none --kernel "$work/Image" --initrd "$work/initrd" --no-sandbox)
  KXF_UNDER="valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null" \
    host_kxf plan "${plan[@]}" > "$work/plan.txt" 2> "$work/valgrind.txt" || die "no plan: $(tail -3 "$work/valgrind.txt")"
  INSTRUCTIONS=$(sed -n 's/.*I *refs: *//p' "$work/valgrind.txt" | tr -d ,)
  PEAK_KIB=$(KXF_UNDER="python3 $ROOT/bench/peak.py" host_kxf plan "${plan[@]}" 2>/dev/null | tail -1)
}

# growth RANGES: a row of the table; the growth since the row before must not be above that of n log n by more than 5 %
growth() {
  local ratio='' most=''
  cost "$1"
  INSTRUCTIONS=$((INSTRUCTIONS - base_instructions))
  if [ -n "$before" ]; then
    ratio=$(awk -v a="$INSTRUCTIONS" -v b="$before_instructions" 'BEGIN { printf "%.2f", a / b }')
    most=$(awk -v a="$1" -v b="$before" 'BEGIN { printf "%.2f", a * log(a) / (b * log(b)) }')
    if awk -v ratio="$ratio" -v most="$most" 'BEGIN { exit !(ratio > most * 1.05) }'; then
      most+=', missed'
      MISSED=$((MISSED + 1))
    fi
  fi
  awk -v n="$1" -v i="$INSTRUCTIONS" -v ratio="$ratio" -v most="$most" -v kib=$((PEAK_KIB - base_kib)) -v before="$before" 'BEGIN {
    printf "| %d | %.1f M | %s | %s | %.1f MiB |\n", n, i / 1e6, ratio, most, kib / 1024 }'
  before=$1 before_instructions=$INSTRUCTIONS
}

measure_ranges() {
  local before='' before_instructions=0 base_instructions base_kib
  cost 1
  base_instructions=$INSTRUCTIONS base_kib=$PEAK_KIB
  echo "a plan with one range of RAM: $((base_instructions / 1000000)) M instructions, $((base_kib / 1024)) MiB resident; beyond that:"
  echo
  echo '| ranges of RAM | instructions | times the row above | n log n | resident |'
  echo '|---:|---:|---:|---:|---:|'
  growth 1000
  growth 8000
  growth 64000
}

for part in $what; do
  case $part in
    arm) measure_arming ;;
    ranges) measure_ranges ;;
  esac
done
[ "$MISSED" = 0 ] || die "$MISSED targets missed"
