#!/bin/bash
# run.sh [NAME...] -- the emulation cases: each boots an arm64 machine in QEMU and checks what its console says.
#
# How to run:  tests/emulation/run.sh                     all cases (cases/*.sh)
#              tests/emulation/run.sh virt-efi-acpi       one of them
#   What they need (packages, kernels, an arm64 build, its staged tree) is made first when it is missing or old.
# Expect:      "ok NAME  8 s", or "FAIL NAME  8 s" with the reasons and the path of the console log, or "skip NAME (reason)";
#              the last line is "N passed, N failed, N skipped".  Exit status 1 when one failed.
# Time:        5 to 15 s a case; the first time some minutes more for the builds, 8 of them for the small kernel
# env: KXF_NO_BUILD=1  the staged trees build/stage-arm64 and build/stage-host are as they should be
set -euo pipefail
. "$(dirname "$0")/lib.sh"

names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in "$HARNESS"/cases/*.sh; do names+=("$(basename "$file" .sh)"); done
fi
for name in "${names[@]}"; do
  [ -e "$HARNESS/cases/$name.sh" ] || die "no case $name; there are: $(cd "$HARNESS/cases" && echo *.sh | sed 's/\.sh//g')"
done

if [ "${KXF_NO_BUILD:-0}" = 0 ]; then
  log=$ROOT/build/logs/emulation-build.log
  mkdir -p "$(dirname "$log")"
  for target in arm64 host; do
    { "$ROOT/scripts/build.sh" $target && "$ROOT/scripts/stage.sh" $target "$ROOT/build/stage-$target"; } > "$log" 2>&1 ||
      { tail -30 "$log"; die "the build for $target failed: $log"; }
  done
fi
prepare_emulation

# host_kxf VERB ARGUMENTS...: kxf of this machine, from its staged tree
host_kxf() {
  local stage=$ROOT/build/stage-host libraries plugins verb=$1; shift
  libraries=$(dirname "$(find "$stage" -name 'libkxf.so*' -print -quit)")
  plugins=$(find "$stage" -type d -path '*/kxf/plugins')
  LD_LIBRARY_PATH=$libraries "$stage/usr/bin/kxf" "$verb" --plugin-dir "$plugins" "$@"
}

passed=0 failed=0 skipped=0
for name in "${names[@]}"; do
  start=$(date +%s) REASONS=()
  reset_case
  # shellcheck source=/dev/null
  . "$HARNESS/cases/$name.sh"
  boot "$name"
  here=$PWD
  check
  cd "$here"
  seconds=$(($(date +%s) - start))
  if [ ${#REASONS[@]} -eq 0 ]; then
    passed=$((passed + 1))
    printf 'ok   %-24s %3d s\n' "$name" "$seconds"
    rm -rf "$SHARE"/{Image,Image.gz,initrd.gz}
  else
    failed=$((failed + 1))
    printf 'FAIL %-24s %3d s\n' "$name" "$seconds"
    printf '       %s\n' "${REASONS[@]}"
    printf '       log: %s\n' "${LOG#"$ROOT/"}"
  fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
