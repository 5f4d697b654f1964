# shellcheck shell=bash
# lib.sh -- what the emulation cases share: machines, booting, checks.  Sourced by run.sh, bench/load.sh, scripts/demo.sh.
#
# How to use:  . tests/emulation/lib.sh; prepare_emulation [TARGET...]; then per case: reset_case, set variables, boot, check.
# Expect:      below build/emulation/NAME: share/ (the guest's /mnt), console.log (the serial port, with times)
# Time:        a jump from one kernel to another: 5 to 15 s
#
# A case (cases/NAME.sh) chooses its machine with `board NAME` (virt when it does not), sets variables and defines check();
# it may define prepare(), which runs before the boot with the share as its current directory, and start(), which runs the
# machine (boot NAME), and started_by KERNEL INITRD COMMAND-LINE, which adds to QEMU what makes it start that kernel.
# The variables:
#   KERNEL    debian or small: the first kernel, and the second one              (debian)
#   GUEST     the script of guest/ that the first kernel's init runs             (jump)
#   MACHINE   more options for -M                                                (of the board)
#   TREE      the board's device tree, a file                                    (QEMU's)
#   THREADS   single: one thread runs all CPUs in turn, and those that wait in a loop with wfe cost nothing  (of the board)
#   SHARED    no: no virtio and so no share; all that is in it comes in the initramfs, and nothing comes out  (of the board)
#   CPU, SMP, MEM                                                                (of the board)
#   SPARSE    yes: there is more memory than this machine has; pages of it are taken when they are touched  (no)
#   EFI       1: boot through UEFI                                               (0)
#   DEVICES   Power: its devices, the one behind the console among them, an array  (-serial stdio; powernv9: QEMU's defaults)
#   APPEND    more words for the first kernel's command line
#   LOAD      options for kxf load, for guest/jump.sh
#   PROFILE   name of the profile, for guest/jump.sh                             (of the board)
#   IMAGE     name of the kernel file that is loaded                             (Image or vmlinux: the first kernel's)
#   INITRD    name of the initrd file that is loaded                             (initrd.gz: the first kernel's)
#   PANIC_CPU the CPU on which guest/crash.sh panics                              (0)
#   SYSCTL    what guest/refused.sh sets to 1 below /proc/sys                    (none)
#   TIMEOUT   seconds for the whole boot                                         (100)
#   SHOW      print the console lines that match this regular expression         (none)
#   RESET     reset the machine, once, when a console line matches this           (none)

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
HARNESS=$ROOT/tests/emulation
OUT=$ROOT/build/emulation
declare -A FOUND=()
# Without the speculation work-arounds that emulation has not, for each of which QEMU would warn; and with QEMU's own minimal
# Open Firmware, which takes 4 s less than SLOF
PSERIES=pseries,x-vof=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off
FIRMWARE=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd

reset_case() {
  KERNEL=debian GUEST=jump EFI=0 APPEND='' LOAD='' INITRD=initrd.gz PANIC_CPU=0 SYSCTL='' TIMEOUT=100 SHOW='' RESET='' SPARSE=no
  board virt
  prepare() { :; }
  start() { boot "$1"; }
  started_by() { QEMU+=(-kernel "$1" -initrd "$2" ${TREE:+-dtb "$TREE"} -append "$3"); }
  check() { jumped; }
}

# board NAME: the machine, and what follows from it
board() {
  BOARD=$1 SMP=2 DEVICES=(-serial stdio) TREE='' SHARED=yes THREADS=''
  case $1 in
    virt) TARGET=arm64 CPU=cortex-a57 MEM=1G MACHINE=its=off PROFILE=qemu-virt ;;
    pseries) TARGET=ppc64el CPU=power9 MEM=2G MACHINE='' PROFILE=qemu-pseries ;;
    powernv9) TARGET=ppc64el CPU='' MEM=2G MACHINE='' PROFILE=qemu-powernv DEVICES=(-nographic) ;;
    raspi3b) TARGET=arm64 CPU='' SMP=4 MEM=1G MACHINE='' PROFILE=qemu-raspi3b SHARED=no THREADS=single ;;
    zcu102) TARGET=arm64 CPU='' SMP=4 MEM=2G MACHINE='' PROFILE=generic-arm64 SHARED=no ;;
    *) die "no board \"$1\"" ;;
  esac
  case $TARGET in
    arm64) CONSOLE=ttyAMA0 IMAGE=Image ;;
    ppc64el) CONSOLE=hvc0 IMAGE=vmlinux ;;
  esac
  case $1 in
    raspi3b) CONSOLE=ttyS1,115200 ;;
    zcu102) CONSOLE=ttyPS0,115200 ;;
  esac
  FIRST=$IMAGE        # the first kernel's file: IMAGE may become another
}

# prepare_emulation [TARGET...]: packages, kernels, the initramfs from the staged tree; without TARGET for arm64
prepare_emulation() {
  "$ROOT/scripts/setup.sh" emulate || die 'packages are missing'
  local target
  [ $# -gt 0 ] || set -- arm64
  for target; do
    FOUND[debian-$target]=$("$ROOT/scripts/kernels.sh" debian "$target") || die "no Debian kernel for $target"
    "$HARNESS/initramfs.sh" "$target" "${FOUND[debian-$target]}" "$ROOT/build/stage-$target" "$OUT/initrd-$target.gz" ||
      die "no initramfs for $target"
  done
}

# find_kernel debian|small TARGET: sets KERNEL_DIR, the cache entry; asks for each kernel once, which takes 2 s, where ANSWERS is
# a folder also for all cases of a run
find_kernel() {
  local answer=${ANSWERS:+$ANSWERS/$1-$2}
  if [ -z "${FOUND[$1-$2]:-}" ] && [ -n "$answer" ] && [ -s "$answer" ]; then FOUND[$1-$2]=$(cat "$answer"); fi
  if [ -z "${FOUND[$1-$2]:-}" ]; then
    FOUND[$1-$2]=$("$ROOT/scripts/kernels.sh" "$1" "$2") || die "no $1 kernel for $2"
    [ -z "$answer" ] || { echo "${FOUND[$1-$2]}" > "$answer.$BASHPID"; mv "$answer.$BASHPID" "$answer"; }
  fi
  KERNEL_DIR=${FOUND[$1-$2]}
}

# board_tree NAME: sets TREE to the tree of that name in Debian's kernel package, for boards of which QEMU makes none
board_tree() {
  local trees
  [ -n "${FOUND[trees]:-}" ] || FOUND[trees]=$("$ROOT/scripts/device-trees.sh") || die 'no device trees'
  trees=("${FOUND[trees]}"/trees/*/"$1.dtb")
  [ -e "${trees[0]}" ] || die "no device tree $1 in ${FOUND[trees]}"
  TREE=${trees[0]}
}

# qemu_of_board: sets QEMU, the program with the board's own options.
# Code buffer of 64 MiB: with QEMU's default of 1 GiB every second arm64 kernel takes five times as long to come up.
# powernv9 needs of QEMU's defaults the BMC, without which it does not power off, and one of six PCIe host bridges.
# shellcheck disable=SC2054  # the commas are QEMU's
qemu_of_board() {
  local share
  [ "$BOARD" != raspi3b ] || [ -n "$TREE" ] || board_tree bcm2837-rpi-3-b
  QEMU=(-accel tcg,tb-size=64${THREADS:+,thread=$THREADS} -nic none -smp "$SMP" -m "$MEM" ${CPU:+-cpu "$CPU"})
  case $BOARD in
    virt) QEMU=(qemu-system-aarch64 "${QEMU[@]}" -nographic -M "virt,gic-version=3${MACHINE:+,$MACHINE}")
      share=virtio-9p-device ;;
    pseries) QEMU=(qemu-system-ppc64 "${QEMU[@]}" -display none -nodefaults "${DEVICES[@]}"
      -M "$PSERIES${MACHINE:+,$MACHINE}")
      share=virtio-9p-pci ;;
    powernv9) QEMU=(qemu-system-ppc64 "${QEMU[@]}" "${DEVICES[@]}" -M "powernv9${MACHINE:+,$MACHINE}")
      share=virtio-9p-pci,bus=pcie.0 ;;
    raspi3b) QEMU=(qemu-system-aarch64 "${QEMU[@]}" -display none -monitor none -M "raspi3b${MACHINE:+,$MACHINE}"
      -serial null -serial stdio) ;;
    zcu102) QEMU=(qemu-system-aarch64 "${QEMU[@]}" -nographic -M "xlnx-zcu102${MACHINE:+,$MACHINE}") ;;
  esac
  [ -n "$RESET" ] || QEMU+=(-no-reboot)
  [ "$SHARED" = no ] || QEMU+=(-device "$share,fsdev=share,mount_tag=share")
  [ "$SPARSE" = no ] || QEMU+=(-object "memory-backend-ram,id=ram,size=$MEM,reserve=off" -machine memory-backend=ram)
  [ "$EFI" = 0 ] || QEMU+=(-bios "$FIRMWARE")
}

# own_tree MODEL: prints the tree that QEMU makes for the case's machine, the board virt, under another model
own_tree() {
  qemu-system-aarch64 -display none -nic none -smp "$SMP" -m "$MEM" -cpu "$CPU" \
    -M "virt,gic-version=3${MACHINE:+,$MACHINE},dumpdtb=own.dtb" 2> /dev/null || die 'QEMU gives no tree'
  fdtput -t s own.dtb / model "$1" || die 'no fdtput (device-tree-compiler)'
  cat own.dtb
  rm own.dtb
}

# with_share INITRD: prints the name of a new initramfs in the current case: the share's files in /mnt, and then INITRD
with_share() {
  local name=$CASE/first
  mkdir "$name"
  ln -s "$SHARE" "$name/mnt"
  # an archive that is not compressed must be the first one: the kernel looks for the next one at multiples of 4
  ( cd "$name" && find mnt/ | LC_ALL=C sort | cpio -o -L -H newc --quiet -R 0:0 ) > "$name.img"
  rm -r "$name"
  cat "$1" >> "$name.img"
  echo "$name.img"
}

# boot NAME: run the case whose variables are set.  Sets CASE, SHARE, LOG and MARK; no status: checks read the log.
boot() {
  CASE=$OUT/$1 SHARE=$OUT/$1/share LOG=$OUT/$1/console.log
  MARK=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
  local show=() initrd=$OUT/initrd-$TARGET.gz
  find_kernel "$KERNEL" "$TARGET"
  rm -rf "$CASE"
  mkdir -p "$SHARE"
  cp "$KERNEL_DIR/$FIRST" "$SHARE/"
  cp "$initrd" "$SHARE/initrd.gz"
  cp "$HARNESS/guest/$GUEST.sh" "$SHARE/"
  printf '%s="%s"\n' LOAD "$LOAD" PROFILE "$PROFILE" IMAGE "$IMAGE" INITRD "$INITRD" \
    PANIC_CPU "$PANIC_CPU" SYSCTL "$SYSCTL" > "$SHARE/case.env"
  ( cd "$SHARE" && prepare )

  qemu_of_board
  if [ "$SHARED" = yes ]; then
    QEMU+=(-fsdev "local,id=share,path=$SHARE,security_model=none,multidevs=remap")
  else
    initrd=$(with_share "$initrd")
  fi
  started_by "$KERNEL_DIR/$FIRST" "$initrd" "console=$CONSOLE $APPEND guest=$GUEST mark=$MARK"
  [ -z "$SHOW" ] || show=(--show "$SHOW")
  [ -z "$RESET" ] || show+=(--reset "$RESET")
  python3 "$HARNESS/runqemu.py" --timeout "$TIMEOUT" --until 'SECOND: end|INIT: done|end Kernel panic' --log "$LOG" \
    ${show[@]+"${show[@]}"} -- "${QEMU[@]}" || true
  rm -f "$CASE/first.img"
}

# big_endian FILE: the big-endian kernel's FILE as vmlinux-be, and initrd-be.gz with a /init for it, in the current directory
big_endian() {
  find_kernel small ppc64
  cp "$KERNEL_DIR/$1" vmlinux-be
  mkdir -p root/{dev,proc,sys}
  powerpc64-linux-gnu-gcc -std=c17 -O2 -Wall -Wextra -Wconversion -Wshadow -Werror -ffreestanding -fno-stack-protector \
    -nostdlib -static -no-pie -o root/init "$HARNESS/guest/init.c"
  ( cd root && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0 ) | gzip -1n > initrd-be.gz
  rm -r root
}

# make_wrappings: ./Image in every compression and wrapping that kxf reads, in the current directory
make_wrappings() {
  gzip -1nc Image > Image.gz
  xz -T0 -0 -c --check=crc32 Image > Image.xz
  xz --format=lzma -0 -c Image > Image.lzma
  zstd -q -3 -c < Image > Image.zst                 # from a pipe: the frame does not tell its size
  lz4 -q -l -c Image > Image.lz4                    # the legacy frame, as the kernel's own Makefile makes it
  lz4 -q -c Image > Image.frame.lz4
  bzip2 -1c Image > Image.bz2
  lzop -q -1 -c Image > Image.lzo
  mkimage -A arm64 -O linux -T kernel -C none -a 0x40200000 -e 0x40200000 -n Image -d Image uImage > /dev/null
  mkimage -A arm64 -O linux -T kernel -C gzip -a 0x40200000 -e 0x40200000 -n Image -d Image.gz uImage.gz > /dev/null
  mkimage -f auto -A arm64 -O linux -T kernel -C lz4 -a 0 -e 0 -n Image -d Image.lz4 Image.itb > /dev/null
  PYTHONPATH=$ROOT/tests/support python3 - <<'P'
import pathlib
import containers
def read(name):
    return pathlib.Path(name).read_bytes()
pathlib.Path('Image.efi').write_bytes(containers.zboot(read('Image.zst'), b'zstd22', certificates=bytes(512)))
pathlib.Path('Image.uki').write_bytes(containers.uki([('.text', b'the EFI program'), ('.linux', read('Image'))]))
P
}

# ---- checks: each adds a line to REASONS when it is not satisfied ----------------------------------------------------

REASONS=()
fail() { REASONS+=("$*"); }

# seen REGEX WHAT: some line of the console matches
seen() { grep -aqE -e "$1" "$LOG" || fail "$2: no line matches /$1/"; }

# not_seen REGEX WHAT: no line does
not_seen() {
  local line
  line=$(grep -aEm1 -e "$1" "$LOG" || true)
  [ -z "$line" ] || fail "$2: $line"
}

# seen_times N REGEX WHAT: exactly N lines match
seen_times() {
  local n
  n=$(grep -acE -e "$2" "$LOG" || true)
  [ "$n" = "$1" ] || fail "$3: $n instead of $1 lines match /$2/"
}

# in_order REGEX...: lines that match, one after the other
in_order() {
  local at=0 next regex before='the start'
  for regex; do
    next=$(awk -v at="$at" -v regex="$regex" 'NR > at && $0 ~ regex { print NR; exit }' "$LOG")
    if [ -z "$next" ]; then fail "after $before no line matches /$regex/"; return; fi
    at=$next before="/$regex/"
  done
}

# loaded: kxf load and kxf status said so
loaded() { in_order 'G: kxf load .*' 'G: kxf load: exit 0' 'G: kxf status: exit 0'; }

# jumped [directly]: loaded; the purgatory spoke; another kernel came up to its init, with all CPUs and with the marker on
# its command line.  directly: there is no purgatory of ours (kexec_file_load)
# shellcheck disable=SC2120  # the cases pass it
jumped() {
  loaded
  local purgatory=('[]] kxf: ')
  [ "${1:-}" != directly ] || purgatory=()
  in_order 'G: kxf exec' 'Bye!|Starting crashdump kernel|Starting switchover sequence' ${purgatory[@]+"${purgatory[@]}"} \
    'Linux version' "SECOND: .* nproc $SMP," "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: end'
  not_seen 'Kernel panic' 'a kernel panicked'
}

# chained: every kernel of the share's list came up, loaded by the one before it, with all CPUs
chained() {
  local file
  in_order 'G: came in no file'
  while read -r file; do
    in_order "G: kxf load .*/$file " 'G: kxf load: exit 0' 'G: kxf exec' '[]] kxf: entering ' \
      "Kernel command line: .* hop=$file\r?$" "INIT: up, .* cpus online 0-$((SMP - 1)), " "G: came in $file, "
  done < "$SHARE/chain"
  in_order "G: came in $(tail -n 1 "$SHARE/chain"), " 'INIT: done'
  not_seen 'Kernel panic' 'a kernel panicked'
}

# armed: kxf load, status and check said so, and then the panic was on PANIC_CPU; not every small kernel says where
armed() {
  in_order 'G: kxf load --crash .*' 'G: kxf load: exit 0' 'G: kxf status: exit 0' 'G: kxf check: exit 0' "G: panic on CPU $PANIC_CPU" \
    'sysrq: Trigger a crash'
  [ "$KERNEL" = small ] || in_order 'sysrq: Trigger a crash' "CPU: $PANIC_CPU PID: .*Kdump: loaded"
}

# dumped [directly]: armed; the capture kernel came up with one CPU and the marker on its command line; makedumpfile made a
# dump there that it reads again, with the log of the system that crashed; readelf finds in the core what should be in it.
# directly: as for jumped
dumped() {
  local purgatory=('[]] kxf: ')
  [ "${1:-}" != directly ] || purgatory=()
  armed
  in_order 'sysrq: Trigger a crash' ${purgatory[@]+"${purgatory[@]}"} 'Linux version' 'SECOND: .* nproc 1,' \
    "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: crash kernel' 'SECOND: end'
  core_is_sound
}

# core_is_sound: what the capture kernel says of /proc/vmcore, and what readelf says of what it saw
core_is_sound() {
  local reason canary=()
  in_order 'VMCORE: makedumpfile --dump-dmesg /proc/vmcore /tmp/log: exit 0' 'VMCORE: /tmp/log has the canary' \
    'VMCORE: makedumpfile -l -d 31 /proc/vmcore /tmp/dump: exit 0' \
    'VMCORE: makedumpfile --dump-dmesg /tmp/dump .*: exit 0' 'VMCORE: /tmp/log-of-dump has the canary'
  if grep -aq 'VMCORE: dd if=/proc/vmcore of=/mnt/vmcore' "$LOG"; then canary=(--canary "canary-$MARK-memory"); fi
  while read -r reason; do fail "$reason"; done < <(
    python3 "$HARNESS/vmcore.py" --log "$LOG" --out "$SHARE" --cpus "$SMP" --release "$(cat "$KERNEL_DIR/version")" \
      ${canary[@]+"${canary[@]}"} 2>&1)
  not_seen 'Oops|Internal error|end Kernel panic' 'the capture kernel'
}

# planned_alike: the plan made in the guest (guest/capture.sh) and the one that this machine makes from the guest's capture
planned_alike() {
  in_order 'G: kxf capture: exit 0' 'G: kxf plan: exit 0' 'INIT: done'
  cd "$SHARE" || return
  host_kxf plan --machine machine.tar --profile ./profile.toml --kernel "$IMAGE" --initrd "$INITRD" \
    --append "KXFMARK=$MARK" --json > host.json 2> host.err || fail "plan on the host: exit $?: $(tail -3 host.err)"
  cmp -s plan.json host.json || fail "plans differ: $(diff plan.json host.json | head -5)"
  [ -s plan.json ] || fail 'the plan is empty'
}

# same_kernels FILE...: each file of the share gives the same kernel segment as Image, by plans made on this machine
same_kernels() {
  local file digest wanted=''
  cd "$SHARE" || return
  for file in Image "$@"; do
    host_kxf plan --machine "$ROOT/tests/machines/virt-dt-el1.tar" --kernel "$file" --json > host.json 2> host.err ||
      fail "plan of $file on the host: $(tail -3 host.err)"
    digest=$(python3 -c 'import json, sys
print(*(segment["sha256"] for segment in json.load(sys.stdin)["segments"] if segment["name"] == "kernel"))' < host.json)
    [ -n "$digest" ] || digest=none
    [ "${wanted:=$digest}" = "$digest" ] || fail "$file gives another kernel than Image: $digest"
  done
}

# begin_on_host NAME: begin a case whose plan is made on this machine.  Sets CASE, SHARE, LOG and MARK, and PLANNED_KERNEL and
# PLANNED_INITRD: what prepare() made, or else the usual
# shellcheck disable=SC2034  # read by those who source this
begin_on_host() {
  CASE=$OUT/$1 SHARE=$OUT/$1/share LOG=$OUT/$1/console.log
  MARK=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
  rm -rf "$CASE"
  mkdir -p "$SHARE"
  ( cd "$SHARE" && prepare )
  find_kernel "$KERNEL" "$TARGET"
  PLANNED_KERNEL=$SHARE/$IMAGE PLANNED_INITRD=$SHARE/$INITRD
  [ -e "$PLANNED_KERNEL" ] || PLANNED_KERNEL=$KERNEL_DIR/$IMAGE
  [ -e "$PLANNED_INITRD" ] || PLANNED_INITRD=$OUT/initrd-$TARGET.gz
}

# host_kxf VERB ARGUMENTS...: kxf of this machine, from its staged tree.  KXF_UNDER: a command that runs it
host_kxf() {
  local stage=$ROOT/build/stage-host libraries plugins verb=$1; shift
  libraries=$(dirname "$(find "$stage" -name 'libkxf.so*' -print -quit)")
  plugins=$(find "$stage" -type d -path '*/kxf/plugins')
  # shellcheck disable=SC2086  # words
  LD_LIBRARY_PATH=$libraries ${KXF_UNDER:-} "$stage/usr/bin/kxf" "$verb" --plugin-dir "$plugins" "$@"
}
