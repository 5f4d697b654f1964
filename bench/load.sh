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
. "$(dirname "$0")/lib.sh"
# board: the machine of tests/emulation/lib.sh
case ${1:-arm64} in
  arm64) board=virt target_without=0.8 ;;
  # none without a digest: kexec-tools copies what kxf maps, and the kernel's copying is most of what both do
  ppc64) board=pseries target_without='' ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
reset_case
board "$board"
# shellcheck disable=SC2034  # qemu_of_board reads them
SMP=1 MEM=2G
BOOTS=${BOOTS:-3}
LABELS='kexec-sha256 kxf-sha256 kexec-none kxf-none'
prepare_bench guest

for label in $LABELS; do
  for _ in $(seq "$BOOTS"); do
    say "$label"
    measure icount "$label" -icount shift=0,sleep=off
    measure time "$label"
  done
done

# rows DIGEST TEXT TARGET: all measures of one kind of load; the target is for the instructions
rows() {
  row "instructions, $2" "$(value icount "kexec-$1" first)" "$(value icount "kxf-$1" first)" 1000000 M "$3"
  row "again in the same boot" "$(value icount "kexec-$1" again)" "$(value icount "kxf-$1" again)" 1000000 M
  row "time under emulation" "$(value time "kexec-$1" first)" "$(value time "kxf-$1" first)" 1000000 ms
  row "peak memory" "$(value icount "kexec-$1" peak)" "$(value icount "kxf-$1" peak)" 1024 MiB 0.2
}

versions icount
echo
echo '| | `kexec -l` | `kxf load` | ratio | at most |'
echo '|---|---:|---:|---:|---|'
rows sha256 'with SHA-256' 0.15
rows none 'without' "$target_without"
[ "$MISSED" = 0 ] || die "$MISSED targets missed"
