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
# shellcheck disable=SC2054  # the commas are QEMU's
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
    raspi3b|raspi3b-nr-cpus-1) ;;
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
}
names_known=(virt-dt-el1 virt-dt-el2-vhe virt-dt-its virt-efi-dt virt-efi-acpi virt-crash raspi3b raspi3b-nr-cpus-1 pseries
  pseries-drconf powernv)

# raspi3b NAME: no virtio there and so no 9p: the capture comes out over the serial port
raspi3b() {
  local work=$OUT/$1 package tree words=
  [ "$1" = raspi3b ] || words=nr_cpus=1
  rm -rf "$work"
  mkdir -p "$work/extra"
  cat > "$work/extra/init" <<'G'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys; mount -t securityfs none /sys/kernel/security
exec </dev/console >/dev/console 2>&1
dmesg -n 1
/usr/bin/kxf capture -o /tmp/machine.tar > /tmp/said; echo "G: kxf capture: exit $?"
gzip -9n /tmp/machine.tar
echo "CAPTURE: begin"; base64 /tmp/machine.tar.gz; echo "CAPTURE: end"
cat /tmp/said
echo "INIT: done"
sleep 5
poweroff -f
G
  chmod 755 "$work/extra/init"
  ( cd "$work/extra" && echo init | cpio -o -H newc --quiet --reproducible -R 0:0 ) | gzip -1n > "$work/extra.gz"
  cat "$OUT/initrd-arm64.gz" "$work/extra.gz" > "$work/initrd.gz"   # the later archive's /init replaces the earlier one's

  # The board's tree comes with the kernel, whose package the cache keeps without it
  package=linux-image-$(cat "${FOUND[debian-arm64]}/version")
  tree=$work/package
  target_unpack arm64 "$tree" "$package"
  cp "$tree"/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb "$work/board.dtb"
  rm -rf "$tree"
  python3 "$HARNESS/runqemu.py" --timeout 200 --until 'INIT: done' --log "$work/console.log" -- \
    qemu-system-aarch64 -accel tcg,tb-size=64 -M raspi3b -display none -monitor none -serial null -serial stdio -no-reboot \
    -kernel "${FOUND[debian-arm64]}/Image" -dtb "$work/board.dtb" -initrd "$work/initrd.gz" \
    -append "console=ttyS1,115200 guest=capture $words" || die "see $work/console.log"
  sed -n 's/\r//; /CAPTURE: begin/,/CAPTURE: end/s/^\[ *[0-9.]*\] //p' "$work/console.log" | grep -v CAPTURE |
    base64 -d | gunzip > "$work/machine.tar" || die "the capture did not come through: see $work/console.log"
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
  if [[ $name = raspi3b* ]]; then
    raspi3b "$name"
    tar=$OUT/$name/machine.tar
  else
    boot "$name"
    grep -aq 'G: kxf capture: exit 0' "$LOG" || die "$name was not captured: see $LOG"
    tar=$SHARE/machine.tar
  fi
  python3 "$here/tidy.py" "$tar" "$here/$name.tar"
done
