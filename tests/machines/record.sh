#!/bin/bash
# record.sh [NAME...] -- make the captures in this folder anew: boot each machine in QEMU, run kxf capture in it.
#
# How to run:  tests/machines/record.sh                  all of them
#              tests/machines/record.sh virt-efi-acpi    one of them; README.md says which there are
#   What it needs (packages, kernels, a build for each target, its staged tree) is made first when it is missing or old.
# Expect:      "recorded NAME.tar, N files, N KB" for each.  Afterwards tests/golden/run.py --update, and look at its diff:
#              that is what the new captures change in plans.
# Time:        5 to 20 s a machine
# env: KXF_NO_BUILD=1  the staged trees are as they should be
set -euo pipefail
. "$(dirname "$0")/../emulation/lib.sh"
here=$ROOT/tests/machines
OUT=$ROOT/build/machines

# What each machine is; the variables are those of tests/emulation/lib.sh
# shellcheck disable=SC2034,SC2054  # read by lib.sh; the commas are QEMU's
machine() {
  reset_case
  GUEST=capture
  prepare() { cp "$ROOT/config/profiles/generic-${TARGET%el}.toml" profile.toml; }
  case $1 in
    virt-dt-el1) ;;
    virt-dt-el2-vhe) MACHINE=its=off,virtualization=on CPU=max,pauth-impdef=on SMP=4 MEM=4G ;;
    virt-dt-its) MACHINE='' CPU=cortex-a72 ;;
    virt-efi-dt) EFI=1 MACHINE=acpi=off ;;
    virt-efi-acpi) EFI=1 MACHINE='' ;;
    virt-crash) KERNEL=small APPEND=crashkernel=256M MEM=2G ;;
    virt-spin-table-nr-cpus-1) . "$HARNESS/spin-table.sh"; APPEND=nr_cpus=1 ;;
    raspi3b) board raspi3b ;;
    raspi3b-nr-cpus-1) board raspi3b; APPEND=nr_cpus=1 ;;
    zcu102) . "$HARNESS/zcu102.sh" ;;
    # XICS: tests/emulation/replay.sh runs plans of this machine
    pseries) board pseries; MACHINE=ic-mode=xics SMP=4 ;;
    # two nodes of NUMA memory; of the 4 GiB that can be plugged in, 1.5 are there
    pseries-drconf) board pseries; MEM=2G,slots=4,maxmem=6G CPU=power10
      DEVICES+=(-object memory-backend-ram,id=node0,size=1G -numa node,nodeid=0,memdev=node0,cpus=0
        -object memory-backend-ram,id=node1,size=1G -numa node,nodeid=1,memdev=node1,cpus=1
        -object memory-backend-ram,id=late0,size=512M -device pc-dimm,id=dimm0,memdev=late0,node=0
        -object memory-backend-ram,id=late1,size=1G -device pc-dimm,id=dimm1,memdev=late1,node=1,addr=0x100000000) ;;
    powernv) board powernv9 ;;
    *) die "no machine $1; there are: ${names_known[*]}" ;;
  esac
  # No share, nothing to plan with: the capture is all that is wanted, and it comes out over the serial port.
  [ "$SHARED" = yes ] || { GUEST=capture-serial; prepare() { rm "$IMAGE" initrd.gz; }; }
}
names_known=(virt-dt-el1 virt-dt-el2-vhe virt-dt-its virt-efi-dt virt-efi-acpi virt-crash
  virt-spin-table-nr-cpus-1 raspi3b raspi3b-nr-cpus-1 zcu102 pseries pseries-drconf powernv)

# from_serial: the capture that capture-serial.sh printed, as the share's machine.tar
from_serial() {
  sed -n 's/\r//; s/^\[ *[0-9.]*\] //; /^CAPTURE: begin/,/^CAPTURE: end/p' "$LOG" | grep -v '^CAPTURE: ' | base64 -d | gunzip \
    > "$SHARE/machine.tar" || die "the capture did not come through: see $LOG"
}

names=("$@")
[ ${#names[@]} -gt 0 ] || names=("${names_known[@]}")
for name in "${names[@]}"; do machine "$name"; done

mapfile -t targets < <(for name in "${names[@]}"; do machine "$name"; echo "$TARGET"; done | sort -u)
if [ "${KXF_NO_BUILD:-0}" = 0 ]; then
  for target in "${targets[@]}"; do
    "$ROOT/scripts/build.sh" "$target" && "$ROOT/scripts/stage.sh" "$target" "$ROOT/build/stage-$target"
  done
fi
mkdir -p "$OUT"
prepare_emulation "${targets[@]}"

for name in "${names[@]}"; do
  machine "$name"
  boot "$name"
  grep -aq 'G: kxf capture: exit 0' "$LOG" || die "$name was not captured: see $LOG"
  [ "$SHARED" = yes ] || from_serial
  python3 "$here/tidy.py" "$SHARE/machine.tar" "$here/$name.tar"
done
