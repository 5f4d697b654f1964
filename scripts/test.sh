#!/bin/bash
# test.sh [fast] -- all that this project can prove about itself.
#
# How to run:  scripts/test.sh fast     build for this machine, all tests that need no emulation
#              scripts/test.sh          lint, the same again under sanitizers, the SDK example, cross builds, emulation too
# Expect:      a line for each stage, a table of them all, and as the last line "N passed, N failed, N skipped", summed over
#              stages, tests and emulation cases.  Exit status 1 when anything failed.  Logs in build/logs/.
# Time:        on two cores.  fast: 3 minutes from nothing, 40 s again.  All: 40 minutes the first time, 11 of them for the small
#              kernels; 28 minutes again.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
mode=${1:-all}
case $mode in fast|all) ;; *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
logs=$ROOT/build/logs
mkdir -p "$logs"

passed=0 failed=0 skipped=0
table=()
declare -A outcome=()

# record NAME PASSED FAILED SKIPPED SECONDS
record() {
  passed=$((passed + $2)) failed=$((failed + $3)) skipped=$((skipped + $4))
  outcome[$1]=ok
  [ "$2" != 0 ] || outcome[$1]=skipped
  [ "$3" = 0 ] || outcome[$1]=FAILED
  table+=("$(printf '%-16s %-7s %6d passed %4d failed %4d skipped %6d s' "$1" "${outcome[$1]}" "$2" "$3" "$4" "$5")")
  echo "${table[-1]}"
}

# stage NAME NEEDS COUNT COMMAND...: run it with its output in build/logs/NAME.log.  NEEDS: stages that must be ok, or "-".
# COUNT: a function that reads the log and prints "passed failed skipped", or "-" when the stage counts as one.
stage() {
  local name=$1 needs=$2 count=$3 start=$SECONDS status=0 log need numbers; shift 3
  log=$logs/$name.log
  for need in ${needs#-}; do
    [ "${outcome[$need]:-missing}" != ok ] || continue
    echo "$name: skipped, for $need is not ok" | tee "$log"
    record "$name" 0 0 1 0
    return
  done
  "$@" > "$log" 2>&1 < /dev/null || status=$?
  numbers=
  [ "$count" = - ] || numbers=$("$count" "$log")
  if [ -z "$numbers" ]; then
    if [ "$status" = 0 ]; then numbers='1 0 0'; else numbers='0 1 0'; fi
  elif [ "$status" != 0 ] && [ "$(cut -d' ' -f2 <<<"$numbers")" = 0 ]; then
    numbers="$(cut -d' ' -f1 <<<"$numbers") 1 $(cut -d' ' -f3 <<<"$numbers")"     # it failed without saying where
  fi
  # shellcheck disable=SC2086
  record "$name" $numbers $((SECONDS - start))
  if [ "${outcome[$name]}" != ok ]; then
    echo "---- the end of $log"
    tail -40 "$log"
    echo "----"
  fi
}

# "100% tests passed, 0 tests failed out of 12"; skipped ones are among the passed
count_ctest() {
  local total bad skip
  read -r bad total < <(sed -n 's/.*tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 \2/p' "$1") || return 0
  skip=$(grep -c '(Skipped)$\|(Disabled)$' "$1" || true)
  echo "$((total - bad - skip)) $bad $skip"
}

# "N passed, N failed, N skipped"
count_summary() { sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$1" | tail -1; }

build_and_stage() { scripts/build.sh "$1" && scripts/stage.sh "$1" "build/stage-$1"; }

make_kernels() {
  scripts/kernels.sh debian arm64 && scripts/kernels.sh debian ppc64el &&
    scripts/kernels.sh small arm64 ppc64el ppc64 arm64-16k arm64-64k
}

if [ "$mode" = fast ]; then
  stage setup - - scripts/setup.sh build
  stage build-fast setup - scripts/build.sh fast
  stage test-fast build-fast count_ctest ctest --preset fast -j "$JOBS" --no-tests=error
else
  stage setup - - scripts/setup.sh
  stage build-host setup - build_and_stage host
  stage test-host build-host count_ctest ctest --preset host -j "$JOBS" --no-tests=error
  stage lint setup - scripts/lint.sh
  stage build-asan setup - scripts/build.sh asan
  stage test-asan build-asan count_ctest ctest --preset asan -j "$JOBS" --no-tests=error
  stage sdk build-host count_summary bash tests/sdk/run.sh
  stage corpus build-host count_summary scripts/corpus.sh
  stage build-arm64 setup - build_and_stage arm64
  stage build-ppc64el setup - build_and_stage ppc64el
  stage kernels setup - make_kernels
  stage emulation 'build-host build-arm64 build-ppc64el kernels' count_summary env KXF_NO_BUILD=1 tests/emulation/run.sh
fi

echo
printf '%s\n' "${table[@]}"
echo "$SECONDS s, logs in build/logs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
