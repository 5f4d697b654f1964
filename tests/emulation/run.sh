#!/bin/bash
# run.sh [NAME...] -- the emulation cases: each boots a machine in QEMU and checks what its console says.
#
# How to run:  tests/emulation/run.sh                     all cases (cases/*.sh)
#              tests/emulation/run.sh virt-efi-acpi       one of them
#              tests/emulation/run.sh 'ppc64-*'           those with such names
#   What they need (packages, kernels, a build for each target, its staged tree) is made first when it is missing or old.
# Expect:      "ok NAME  8 s", or "FAIL NAME  8 s" with the reasons and the path of the console log, in the order in which they
#              end; the last line is "N passed, N failed, 0 skipped".  Exit status 1 when one failed.
# Time:        5 to 15 s a case; the first time some minutes more for the builds, 11 of them for the small kernels
# env: JOBS            how many at once (one per CPU)
#      KXF_NO_BUILD=1  the staged trees build/stage-arm64, -ppc64el and -host are as they should be
set -euo pipefail
. "$(dirname "$0")/lib.sh"

names=() targets=()
[ $# -gt 0 ] || set -- '*'
for pattern; do
  count=${#names[@]}
  # shellcheck disable=SC2086  # a pattern
  for file in "$HARNESS"/cases/$pattern.sh; do [ ! -e "$file" ] || names+=("$(basename "$file" .sh)"); done
  [ ${#names[@]} -gt "$count" ] || die "no case $pattern; there are: $(cd "$HARNESS/cases" && echo *.sh | sed 's/\.sh//g')"
done
# shellcheck source=/dev/null
mapfile -t targets < <(for name in "${names[@]}"; do reset_case; . "$HARNESS/cases/$name.sh"; echo "$TARGET"; done | sort -u)

if [ "${KXF_NO_BUILD:-0}" = 0 ]; then
  log=$ROOT/build/logs/emulation-build.log
  mkdir -p "$(dirname "$log")"
  for target in "${targets[@]}" host; do
    { "$ROOT/scripts/build.sh" "$target" && "$ROOT/scripts/stage.sh" "$target" "$ROOT/build/stage-$target"; } > "$log" 2>&1 ||
      { tail -30 "$log"; die "the build for $target failed: $log"; }
  done
fi
prepare_emulation "${targets[@]}"

# one NAME: the case, in a process of its own; prints its lines
one() {
  local begin here seconds
  begin=$(date +%s)
  reset_case
  # shellcheck source=/dev/null
  . "$HARNESS/cases/$1.sh"
  start "$1"
  here=$PWD
  check
  cd "$here"
  seconds=$(($(date +%s) - begin))
  if [ ${#REASONS[@]} -eq 0 ]; then
    printf 'ok   %-28s %3d s\n' "$1" "$seconds"
    find "$SHARE" -type f -size +1M -delete
  else
    printf 'FAIL %-28s %3d s\n' "$1" "$seconds"
    printf '       %s\n' "${REASONS[@]}"
    printf '       log: %s\n' "${LOG#"$ROOT/"}"
  fi
}

# Most guests keep one core busy and wait for the rest of the time: as many at once as there are cores.
results=$(mktemp -d)
# shellcheck disable=SC2034  # find_kernel reads it
ANSWERS=$(mktemp -d)
trap 'rm -rf "$results" "$ANSWERS"' EXIT
running=0
for name in "${names[@]}"; do
  [ "$running" -lt "$JOBS" ] || { wait -n || true; running=$((running - 1)); }
  {
    # within "||" or "if" the shell would ignore set -e in the case
    one "$name" > "$results/$name" 2>&1 &
    wait $! || echo "FAIL $name: the case itself failed" >> "$results/$name"
    cat "$results/$name"
  } &
  running=$((running + 1))
done
wait
failed=$({ grep -l '^FAIL ' "$results"/* || true; } | wc -l)
passed=$((${#names[@]} - failed))
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
