#!/bin/bash
# fuzz.sh [SECONDS [TARGET...]] -- libFuzzer on the parsers of bytes from outside (tests/fuzz), under sanitizers.
#
# How to run:  scripts/fuzz.sh                  60 seconds for each target
#              scripts/fuzz.sh 600 device_tree  longer for one of them
#   The corpus grows in build/fuzz/corpus/TARGET; removing it starts anew from the seeds.
# Expect:      "ok TARGET, N runs" for each; else libFuzzer's report, and the input in build/fuzz/TARGET-crash-*.
#              Try an input again: build/fuzz/tests/fuzz/kxf_fuzz_TARGET FILE
# Time:        SECONDS for each target, and 5 minutes for the build the first time
set -euo pipefail
. "$(dirname "$0")/lib.sh"
seconds=${1:-60}
[ $# -eq 0 ] || shift
[[ $seconds =~ ^[0-9]+$ ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
"$ROOT/scripts/setup.sh" build fuzz

build=$ROOT/build/fuzz
mkdir -p "$build"
cmake -S "$ROOT" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKXF_FUZZ=ON \
  -DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 \
  -DKXF_SANITIZE=fuzzer-no-link,address,undefined > "$build.cmake.log" || { tail "$build.cmake.log"; exit 1; }
targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(cd "$ROOT/tests/fuzz" && sed -n 's/^kxf_add_fuzz(\([a-z0-9_]*\) .*/\1/p' CMakeLists.txt)
fi
nice cmake --build "$build" --parallel "$JOBS" --target "${targets[@]/#/kxf_fuzz_}" > "$build.log" || { tail -40 "$build.log"; exit 1; }

failed=0
cd "$build"
for target in "${targets[@]}"; do
  mkdir -p "corpus/$target"
  if "tests/fuzz/kxf_fuzz_$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
      -artifact_prefix="$target-" "corpus/$target" "fuzz-seeds/$target" > "$target.log" 2>&1; then
    echo "ok   $target, $(sed -n 's/^stat::number_of_executed_units: *//p' "$target.log") runs"
  else
    failed=1
    echo "FAIL $target"
    grep -v '^#\|^stat::\|^INFO' "$target.log" | tail -60
  fi
done
exit $failed
