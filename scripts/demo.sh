#!/bin/bash
# demo.sh -- from a fresh checkout to an arm64 machine that kxf moves to its next kernel.
#
# How to run:  scripts/demo.sh      on Debian 12, as root or as a user who may sudo; no arm64 hardware, no KVM
# Expect:      the steps; of the console the interesting lines: kxf load, status, exec in the first kernel, the purgatory's
#              line, the second kernel's start; at the end "demo: second kernel is up: ..." and the seconds.
#              Exit status 0 only when the second kernel's command line carries the marker of this very run.
# Time:        4 to 8 minutes the first time (packages, cross build); 15 s again
set -euo pipefail
. "$(dirname "$0")/../tests/emulation/lib.sh"
logs=$ROOT/build/logs
mkdir -p "$logs"

# step TEXT COMMAND...: with its output in a log
step() {
  local text=$1 start=$SECONDS log=$logs/demo.log; shift
  printf 'demo: %s ... ' "$text"
  if "$@" > "$log" 2>&1; then
    printf '%d s\n' $((SECONDS - start))
  else
    printf 'failed\n'
    tail -40 "$log"
    die "\"$*\" failed; all of its output is in $log"
  fi
}

step 'install what is missing' "$ROOT/scripts/setup.sh" build cross emulate
step 'build kxf for arm64' "$ROOT/scripts/build.sh" arm64
step 'stage it' "$ROOT/scripts/stage.sh" arm64 "$ROOT/build/stage-arm64"
step 'get a Debian kernel for arm64, make an initramfs' prepare_emulation

reset_case
SHOW='INIT: up|G: |[]] kxf|^kxf|Bye!|Booting Linux on|SECOND: '
echo 'demo: boot an arm64 machine; kxf loads a kernel by profile and jumps into it'
boot demo
check

second=$(grep -aoEm1 "SECOND: cmdline .*KXFMARK=$MARK.*" "$LOG" | tr -d '\r' || true)
if [ -z "$second" ] || [ ${#REASONS[@]} -gt 0 ]; then
  printf 'demo: %s\n' ${REASONS[@]+"${REASONS[@]}"}
  die "no second kernel as it should be; the console is in $LOG"
fi
echo "demo: second kernel is up: $second"
echo "demo: $SECONDS s"
