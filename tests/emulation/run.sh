#!/bin/bash
# run.sh [NAME...] -- the emulation cases: each boots a machine in QEMU and checks what its console says.
#
# How to run:  tests/emulation/run.sh                     all cases (cases/*.sh)
#              tests/emulation/run.sh virt-efi-acpi       one of them
#              tests/emulation/run.sh 'ppc64-*'           those with such names
#   What they need (packages, kernels, a build for each target, its staged tree) is made first when it is missing or old.
# Expect:      "ok NAME  8 s", or "FAIL NAME  8 s" with the reasons and the path of the console log, or "skip NAME (reason)";
#              the last line is "N passed, N failed, N skipped".  Exit status 1 when one failed.
# Time:        5 to 15 s a case; the first time some minutes more for the builds, 10 of them for the small kernels
# env: KXF_NO_BUILD=1  the staged trees build/stage-arm64, -ppc64el and -host are as they should be
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

passed=0 failed=0 skipped=0
for name in "${names[@]}"; do
  begin=$(date +%s) REASONS=()
  reset_case
  # shellcheck source=/dev/null
  . "$HARNESS/cases/$name.sh"
  start "$name"
  here=$PWD
  check
  cd "$here"
  seconds=$(($(date +%s) - begin))
  if [ ${#REASONS[@]} -eq 0 ]; then
    passed=$((passed + 1))
    printf 'ok   %-28s %3d s\n' "$name" "$seconds"
    find "$SHARE" -type f -size +1M -delete
  else
    failed=$((failed + 1))
    printf 'FAIL %-28s %3d s\n' "$name" "$seconds"
    printf '       %s\n' "${REASONS[@]}"
    printf '       log: %s\n' "${LOG#"$ROOT/"}"
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
