#!/bin/bash
# build.sh [host|arm64|ppc64el|asan|fast] -- from a bare checkout to a built tree in build/WHAT.
#
# How to run:  scripts/build.sh            this machine (with the unit tests; then: ctest --preset host)
#              scripts/build.sh arm64      cross, against a sysroot that is made when it is missing
#              scripts/build.sh asan       this machine, with AddressSanitizer and UndefinedBehaviorSanitizer
#              scripts/build.sh fast       this machine, quick to build
# Expect:      the compiler's output; the last line says where the result is and how long it took.
# Time:        1 to 3 minutes the first time; 1 s when nothing has changed
# env: JOBS (default: one per CPU)
set -euo pipefail
. "$(dirname "$0")/lib.sh"
preset=${1:-host}
case $preset in
  host|fast) needs=(build) ;;
  asan) needs=(build sanitize) ;;
  arm64|ppc64el) needs=(build cross) ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
"$ROOT/scripts/setup.sh" "${needs[@]}"

cd "$ROOT"
arguments=(--preset "$preset")
case $preset in
  arm64|ppc64el)
    sysroot=$("$ROOT/scripts/sysroot.sh" "$preset")
    # CMake does not change a sysroot under its compiler checks: begin anew when it is another one
    if ! grep -qsxF "KXF_SYSROOT:PATH=$sysroot" "build/$preset/CMakeCache.txt"; then arguments+=(--fresh); fi
    arguments+=(-D "KXF_SYSROOT=$sysroot")
    ;;
esac
nice cmake "${arguments[@]}"
nice cmake --build --preset "$preset" --parallel "$JOBS"
say "$preset: build/$preset, $SECONDS s"
