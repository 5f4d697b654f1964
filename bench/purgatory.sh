#!/bin/bash
# purgatory.sh [load|move] -- what lies between the two kernels, on arm64.
#
# How to run:  bench/purgatory.sh         both
#              bench/purgatory.sh load    kexec-tools and kxf, in one guest, on the same files
#              bench/purgatory.sh move    how a bundle brings its segments to their places: MMU on and off, blocks and pages
#   load: Debian's Image and an initrd of random bytes, both in tmpfs; kexec -l and -e with its defaults, which are to digest all segments,
#   and kxf load --digest always and kxf exec. A plugin of QEMU's (phases.c) counts from the last character that the old kernel
#   writes to the console to the new kernel's first instruction.
#   move: the same files in a bundle, which QEMU starts. What pages would take is computed (tables.py), for kxf has blocks.
# Expect:      the tables of README.md; exit status 1 when a ratio or a number is above the target that stands beside it.
#   "wall time": under plain TCG, from the old kernel's last line to the new one's first, which earlycon prints as it begins.
#   "modelled": emulation shows neither caches nor what goes past them, so times on hardware are computed from the counts and
#   from the assumptions below.
# Time:        4 minutes, beside the builds of the first time
# env: BOOTS=3         for the wall time; the median counts
#      KXF_NO_BUILD=1  build/stage-arm64 and build/stage-host are as they should be
set -euo pipefail
. "$(dirname "$0")/lib.sh"
parts=${1:-load move}
case $parts in
  load|move|'load move') ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

# ---- assumptions of the model, each for a fast and for a slow machine ------------------------------------------------

# One data access with the MMU off: it goes to memory, and nothing is fetched ahead. The fast value is what the published 2.31 s for
# 37 MB leave for an access, when an instruction costs what is said here.
UNCACHED_ACCESS_NS=(40 150)
UNCACHED_INSTRUCTION_NS=(0.5 1)   # on average, the MMU off: fetched past the cache or, where SCTLR.I is set, from it
CACHED_INSTRUCTION_NS=(0.2 0.4)   # with the MMU on: two to the cycle at 2.5 GHz, one at 2.5 GHz
CACHED_READ_GB_PER_S=(5 2)        # reading each byte once, with the MMU on
SHA_GB_PER_S=(2 1)                # SHA-256 by the CPU's instructions
CACHED_COPY_GB_PER_S=(2 1)        # reading and writing each byte once, with the MMU on, cleaned to memory
# Published by P. Tatashin on the kexec mailing list, of an arm64 server: kexec-tools' purgatory, and a kernel's copying before
# Linux 5.16 had the MMU on for it; and with the MMU on, of another size
PUBLISHED_MB=37 PUBLISHED_S=2.31 PUBLISHED_COPY_S=0.35
PUBLISHED_ON_MB=25 PUBLISHED_ON_S=0.022

reset_case
BOOTS=${BOOTS:-3}
# shellcheck disable=SC2034  # lib.sh reads them
SMP=1 MEM=2G
# shellcheck disable=SC2034
UNTIL='Booting Linux on|INIT: done|end Kernel panic'
# With these two sizes of an initrd
LARGE=64 SMALL=8
# A machine of which there is a capture, for bundles
MOVING=virt-dt-el1 MOVING_MEM=1G MOVING_SMP=2
prepare_bench purgatory-guest host
cc -shared -fPIC -O2 -Wall -Wextra -Wconversion -Wshadow -Werror -o "$OUT/phases.so" "$ROOT/bench/phases.c"
bytes=$(($(stat -c %s "$SHARE/$IMAGE") + (LARGE << 20)))

# profile NAME TEXT: the board's profile and more, as NAME.toml in the share
profile() { { cat "$ROOT/config/profiles/$PROFILE.toml"; printf '\n%b' "$2"; } > "$SHARE/$1.toml"; }
profile portable '[settings.arm64]\npurgatory-sha256 = "portable"\n'
profile on ''
profile off '[purgatory]\nmmu = "off"\n'
profile large '[settings.arm64]\npurgatory-pages = "64K"\n'

# plugin NAME END: what QEMU is to count, RAM ending at END; sets PLUGIN
plugin() {
  PLUGIN=(-plugin "$OUT/phases.so,name=$1,ram=0x40000000,end=$2,first=0x$(od -An -N4 -tx4 "$SHARE/$IMAGE" | tr -d ' ')")
}

# ---- loads -----------------------------------------------------------------------------------------------------------

# wall LABEL: a boot; adds the time between the two lines to the results
wall() {
  local seconds
  measure time "$1"
  seconds=$(sed -nE 's/^\[ *([0-9.]+)\] (\[[ 0-9.]+\] )?(Bye!|Booting Linux on).*/\1/p' "$LOG" | tail -2 |
    awk 'NR == 1 { from = $1 } END { if (NR == 2) printf "%d", ($1 - from) * 1000 }')
  [ -n "$seconds" ] || die "no line before or after the jump: $LOG"
  echo "BENCH $1 wall $seconds" >> "$OUT/time.results"
}

# count LABEL: a boot with the plugin
count() {
  plugin "$1" 0xc0000000
  measure count "$1" "${PLUGIN[@]}"
  # The order of the purgatory's writes of SCTLR: with the MMU on is what follows the fourth, and only where its console says so
  case $1 in
    kxf-*|portable-*) grep -aq 'ok, MMU on' "$LOG" || die "$1: the MMU was not on: $LOG" ;;
  esac
}

# counted LABEL PART instructions|accesses: PART is total, relocation (the old kernel's, its MMU on), on or off (the purgatory with
# the MMU on or off), or purgatory
counted() {
  local on=none
  case $1 in kxf-*|portable-*) on=4 ;; esac
  awk -v label="$1" -v part="$2" -v field="$3" -v on="$on" '
    $2 != label { next }
    $3 == "total" { total = $5 }
    $3 == "phase" { value[$4] = field == "accesses" ? $8 : $6; last = $4 }
    END {
      if (part == "total") sum = total
      else
        for (i = 0; i <= last; ++i)
          if (part == (i == 0 ? "relocation" : i == on ? "on" : "off") || part == "purgatory" && i > 0) sum += value[i]
      printf "%.0f\n", sum
    }' "$OUT/count.results"
}

# accesses TEXT LABEL [MOST]: a row of the second table
accesses() {
  local off most=${3:-}
  off=$(counted "$2" off accesses)
  if [ -n "$most" ] && [ "$off" -ge "$most" ]; then
    most+=', missed'
    MISSED=$((MISSED + 1))
  fi
  echo "| $1 | $(number "$off") | $most | $(number "$(counted "$2" on accesses)") |"
}
number() { awk -v n="$1" 'BEGIN { if (n < 1e6) print n; else printf "%.1f M\n", n / 1e6 }'; }

# modelled LABEL BYTES: the purgatory's seconds on a fast and on a slow machine
modelled() {
  local i
  for i in 0 1; do
    awk -v bytes="$2" -v off="$(counted "$1" off instructions)" -v off_data="$(counted "$1" off accesses)" \
      -v on="$(counted "$1" on instructions)" -v how="${1%-*}" -v access_ns="${UNCACHED_ACCESS_NS[i]}" \
      -v slow_ns="${UNCACHED_INSTRUCTION_NS[i]}" -v ns="${CACHED_INSTRUCTION_NS[i]}" \
      -v read="${CACHED_READ_GB_PER_S[i]}" -v sha="${SHA_GB_PER_S[i]}" '
      function max(a, b) { return a > b ? a : b }
      BEGIN {
        seconds = (off * slow_ns + off_data * access_ns) / 1e9
        if (on > 0) seconds += max(bytes / read, how == "kxf" ? bytes / sha : on * ns) / 1e9
        printf "%.3f ", seconds
      }'
  done
  echo
}

# model TEXT LABEL BYTES [PUBLISHED [SCALE]]: a row of the third table
model() {
  local fast slow
  read -r fast slow < <(modelled "$2" "$3")
  awk -v text="$1" -v fast="$fast" -v slow="$slow" -v published="${4:-}" -v scale="${5:-1}" 'BEGIN {
    printf "| %s | %.2f s | %.2f s | %s |\n", text, fast * scale, slow * scale, published }'
}

measure_loads() {
  local label old=kexec-$LARGE new=kxf-$LARGE
  for label in kexec-$LARGE kxf-$LARGE portable-$LARGE off-$LARGE kexec-$SMALL kxf-$SMALL; do
    say "$label, counted"
    count "$label"
  done
  for label in kexec-$LARGE kxf-$LARGE; do
    for _ in $(seq "$BOOTS"); do
      say "$label, timed"
      wall "$label"
    done
  done
  versions count
  echo
  echo '| | `kexec -l`, `-e` | `kxf load`, `exec` | ratio | at most |'
  echo '|---|---:|---:|---:|---|'
  row 'instructions, last line to first instruction' "$(counted $old total instructions)" "$(counted $new total instructions)" 1000000 M
  row "of them the old kernel's copying, MMU on" "$(counted $old relocation instructions)" \
    "$(counted $new relocation instructions)" 1000000 M
  row "of them the purgatory's" "$(counted $old purgatory instructions)" "$(counted $new purgatory instructions)" 1000000 M 0.06
  row "the purgatory's without the CPU's SHA instructions" "$(counted $old purgatory instructions)" \
    "$(counted portable-$LARGE purgatory instructions)" 1000000 M 0.85
  row 'wall time, last line to first line' "$(value time $old wall)" "$(value time $new wall)" 1000 s 0.1
  echo
  echo "| the purgatory's data accesses | MMU off | below | MMU on |"
  echo '|---|---:|---:|---:|'
  accesses "kexec-tools, initrd of $SMALL MiB" kexec-$SMALL
  accesses "kexec-tools, $LARGE MiB" kexec-$LARGE
  accesses "kxf, $SMALL MiB" kxf-$SMALL 10000
  accesses "kxf, $LARGE MiB" kxf-$LARGE 10000
  accesses "kxf, $LARGE MiB, \`purgatory.mmu = \"off\"\`" off-$LARGE
  echo
  echo "| modelled for the purgatory on hardware, $((bytes / 1000000)) MB | fast | slow | published |"
  echo '|---|---:|---:|---:|'
  model 'kexec-tools' $old "$bytes"
  model 'kxf' $new "$bytes"
  model "kxf without the CPU's SHA instructions" portable-$LARGE "$bytes"
  model 'kxf, `purgatory.mmu = "off"`' off-$LARGE "$bytes"
  model "kexec-tools, $PUBLISHED_MB MB" $old "$bytes" "$PUBLISHED_S s" "$(awk -v a=$PUBLISHED_MB -v b="$bytes" 'BEGIN { print a * 1e6 / b }')"
  echo
}

# ---- moves -----------------------------------------------------------------------------------------------------------

# move LABEL PROFILE: a bundle with this profile, started and counted
move() {
  local SHARED=no MEM=$MOVING_MEM SMP=$MOVING_SMP LOG=$OUT/$1.log
  host_kxf bundle --machine "$ROOT/tests/machines/$MOVING.tar" --profile "$2" --kernel "$SHARE/$IMAGE" --initrd "$SHARE/initrd.bin" \
    --command-line "console=$CONSOLE earlycon=pl011,0x9000000" -o "$OUT/$1.img" --json > "$OUT/$1.json"
  qemu_of_board
  plugin "$1" 0x80000000
  python3 "$HARNESS/runqemu.py" --timeout "$BOOT_SECONDS" --until "$UNTIL" --log "$LOG" -- "${QEMU[@]}" -kernel "$OUT/$1.img" "${PLUGIN[@]}" ||
    die "the bundle did not come to its end: $LOG"
  [ "$1" = move-off ] || grep -aq 'in place, MMU on' "$LOG" || die "$1: the MMU was not on: $LOG"
  rm "$OUT/$1.img"
  sed -n 's/.*[]] \(BENCH.*\)/\1/p' "$LOG" | tr -d '\r' >> "$OUT/count.results"
}

# moved LABEL FIELD: of the move; the last two gaps between messages are the move and the digests
moved() {
  awk -v label="$1" -v field="$2" '$2 == label && $3 == "gap" { before = value; value = field == "accesses" ? $8 : $6 } END { print before }' \
    "$OUT/count.results"
}

# phase LABEL I FIELD
phase() {
  awk -v label="$1" -v i="$2" -v field="$3" '$2 == label && $3 == "phase" && $4 == i { print field == "accesses" ? $8 : $6 }' "$OUT/count.results"
}

# rest: what a bundle's purgatory does with the MMU on beside the move and the digests, nearly all of it to check its tables
rest() {
  awk -v label="$1" '$2 == label && $3 == "phase" && $4 == 3 { sum += $6 } $2 == label && $3 == "gap" { two = one; one = $6 } END { print sum - one - two }' \
    "$OUT/count.results"
}

measure_moves() {
  local granule blocks pages large_granule large_blocks check i speed=(fast slow)
  move move-blocks "$SHARE/on.toml"
  move move-large "$SHARE/large.toml"
  move move-off "$SHARE/off.toml"
  read -r granule blocks pages < <(python3 "$ROOT/bench/tables.py" "$OUT/move-blocks.json")
  read -r large_granule large_blocks _ < <(python3 "$ROOT/bench/tables.py" "$OUT/move-large.json")
  # instructions for a byte of tables, by two bundles whose tables have other sizes
  check=$(awk -v more=$(($(rest move-large) - $(rest move-blocks))) -v bytes=$((large_granule * large_blocks - granule * blocks)) \
    'BEGIN { print more / bytes }')
  echo "| bringing $((bytes / 1000000)) MB to their places | MMU on, blocks | MMU on, pages (computed) | MMU off |"
  echo '|---|---:|---:|---:|'
  awk -v on="$(moved move-blocks instructions)" -v off="$(moved move-off instructions)" 'BEGIN {
    printf "| instructions | %.1f M | %.1f M | %.1f M |\n", on / 1e6, on / 1e6, off / 1e6 }'
  awk -v check="$check" -v granule="$granule" -v blocks="$blocks" -v pages="$pages" 'BEGIN {
    printf "| memory for tables | %d KiB | %d KiB | 0 |\n", blocks * granule / 1024, pages * granule / 1024
    printf "| instructions to check them | %.2f M | %.2f M | 0 |\n", check * blocks * granule / 1e6, check * pages * granule / 1e6 }'
  echo "| data accesses with the MMU off | $(($(phase move-blocks 0 accesses) + $(phase move-blocks 1 accesses) + $(phase move-blocks 2 accesses))) | | $(number "$(moved move-off accesses)") |"
  for i in 0 1; do
    awk -v how="${speed[i]}" -v bytes="$bytes" -v instructions="$(moved move-off instructions)" -v data="$(moved move-off accesses)" \
      -v access_ns="${UNCACHED_ACCESS_NS[i]}" -v ns="${UNCACHED_INSTRUCTION_NS[i]}" -v copy="${CACHED_COPY_GB_PER_S[i]}" \
      -v mb="$PUBLISHED_MB" -v published="$PUBLISHED_COPY_S" -v on_mb="$PUBLISHED_ON_MB" -v on_published="$PUBLISHED_ON_S" 'BEGIN {
        on = 1 / copy / 1e9; off = (instructions * ns + data * access_ns) / 1e9 / bytes
        printf "| modelled on hardware, %s | %.2f s | | %.2f s |\n", how, on * bytes, off * bytes
        if (how == "fast") printf "| the same, %d MB and %d MB (published: %.3f s and %.2f s) | %.3f s | | %.2f s |\n", on_mb, mb, on_published, published,
          on * on_mb * 1e6, off * mb * 1e6 }'
  done
  echo
}

for part in $parts; do
  case $part in
    load) measure_loads ;;
    move) measure_moves ;;
  esac
done
cat <<T
Assumed for a fast and a slow machine: a data access with the MMU off ${UNCACHED_ACCESS_NS[0]} and ${UNCACHED_ACCESS_NS[1]} ns, an instruction then ${UNCACHED_INSTRUCTION_NS[0]} and ${UNCACHED_INSTRUCTION_NS[1]} ns;
with the MMU on an instruction ${CACHED_INSTRUCTION_NS[0]} and ${CACHED_INSTRUCTION_NS[1]} ns, reading ${CACHED_READ_GB_PER_S[0]} and ${CACHED_READ_GB_PER_S[1]} GB/s, copying ${CACHED_COPY_GB_PER_S[0]} and ${CACHED_COPY_GB_PER_S[1]} GB/s, SHA-256 by the CPU's
instructions ${SHA_GB_PER_S[0]} and ${SHA_GB_PER_S[1]} GB/s.
T
[ "$MISSED" = 0 ] || die "$MISSED targets missed"
