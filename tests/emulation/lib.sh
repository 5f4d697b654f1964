# shellcheck shell=bash
# lib.sh -- what the emulation cases share: machines, booting, checks.  Sourced by run.sh and by scripts/demo.sh.
#
# How to use:  . tests/emulation/lib.sh; prepare_emulation; then per case: reset_case, set variables, boot, check.
# Expect:      below build/emulation/NAME: share/ (the guest's /mnt), console.log (the serial port, with times)
# Time:        a jump from one kernel to another: 5 to 15 s
#
# A case (cases/NAME.sh) sets variables and defines check(); it may define prepare(), which runs before the boot with the
# share as its current directory.  The variables:
#   KERNEL    debian or small: the first kernel, and the second one              (debian)
#   GUEST     the script of guest/ that the first kernel's init runs             (jump)
#   MACHINE   options for -M virt beside the GIC                                 (its=off)
#   CPU, SMP, MEM                                                                (cortex-a57, 2, 1G)
#   EFI       1: boot through UEFI                                               (0)
#   APPEND    more words for the first kernel's command line
#   LOAD      options for kxf load, for guest/jump.sh
#   PROFILE   name of the profile, for guest/jump.sh
#   IMAGE     name of the kernel file that is loaded                             (Image)
#   SYSCTL    what guest/refused.sh sets to 1 below /proc/sys                    (none)
#   TIMEOUT   seconds for the whole boot                                         (100)
#   SHOW      print the console lines that match this regular expression         (none)

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"
HARNESS=$ROOT/tests/emulation
OUT=$ROOT/build/emulation
declare -A FOUND=()
FIRMWARE=/usr/share/qemu-efi-aarch64/QEMU_EFI.fd

reset_case() {
  KERNEL=debian GUEST=jump MACHINE=its=off CPU=cortex-a57 SMP=2 MEM=1G EFI=0 APPEND='' LOAD='' PROFILE=qemu-virt IMAGE=Image SYSCTL='' TIMEOUT=100 SHOW=''
  prepare() { :; }
  check() { jumped; }
}

# prepare_emulation: packages, kernels, the staged tree, the initramfs; sets DEBIAN (the kernel's cache entry)
prepare_emulation() {
  "$ROOT/scripts/setup.sh" emulate || die 'packages are missing'
  DEBIAN=$("$ROOT/scripts/kernels.sh" debian) || die 'no Debian kernel'
  FOUND[debian]=$DEBIAN/Image
  "$HARNESS/initramfs.sh" "$DEBIAN" "$ROOT/build/stage-arm64" "$OUT/initrd.gz" || die 'no initramfs'
}

# find_kernel NAME: sets KERNEL_IMAGE, the path of the raw Image; asks for each kernel once
find_kernel() {
  case $1 in debian|small) ;; *) die "no kernel \"$1\"" ;; esac
  [ -n "${FOUND[$1]:-}" ] || FOUND[$1]=$("$ROOT/scripts/kernels.sh" "$1")/Image
  KERNEL_IMAGE=${FOUND[$1]}
}

# boot NAME: run the case whose variables are set.  Sets CASE, SHARE, LOG and MARK; no status: checks read the log.
boot() {
  CASE=$OUT/$1 SHARE=$OUT/$1/share LOG=$OUT/$1/console.log
  MARK=$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
  local qemu
  find_kernel "$KERNEL"
  rm -rf "$CASE"
  mkdir -p "$SHARE"
  cp "$KERNEL_IMAGE" "$SHARE/Image"
  cp "$OUT/initrd.gz" "$HARNESS/guest/$GUEST.sh" "$SHARE/"
  printf '%s="%s"\n' LOAD "$LOAD" PROFILE "$PROFILE" IMAGE "$IMAGE" SYSCTL "$SYSCTL" > "$SHARE/case.env"
  ( cd "$SHARE" && prepare )

  # shellcheck disable=SC2054  # the commas are QEMU's
  # Code buffer of 64 MiB: with QEMU's default of 1 GiB every second kernel takes five times as long to come up
  qemu=(qemu-system-aarch64 -accel tcg,tb-size=64 -nic none -no-reboot -nographic
    -M "virt,gic-version=3${MACHINE:+,$MACHINE}" -cpu "$CPU" -smp "$SMP" -m "$MEM"
    -kernel "$KERNEL_IMAGE" -initrd "$OUT/initrd.gz"
    -append "console=ttyAMA0 $APPEND guest=$GUEST mark=$MARK"
    -fsdev "local,id=share,path=$SHARE,security_model=none,multidevs=remap"
    -device virtio-9p-device,fsdev=share,mount_tag=share)
  [ "$EFI" = 0 ] || qemu+=(-bios "$FIRMWARE")
  local show=()
  [ -z "$SHOW" ] || show=(--show "$SHOW")
  python3 "$HARNESS/runqemu.py" --timeout "$TIMEOUT" --until 'SECOND: end|INIT: done|end Kernel panic' --log "$LOG" \
    ${show[@]+"${show[@]}"} -- "${qemu[@]}" || true
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

# jumped [directly]: loaded; the purgatory spoke; another kernel came up to its init, with the marker on its command line.
# directly: there is no purgatory of ours (kexec_file_load)
# shellcheck disable=SC2120  # the cases pass it
jumped() {
  loaded
  local purgatory=('[]] kxf: ')
  [ "${1:-}" != directly ] || purgatory=()
  in_order 'G: kxf exec' 'Bye!|Starting crashdump kernel' ${purgatory[@]+"${purgatory[@]}"} 'Booting Linux on physical CPU' \
    "SECOND: cmdline .*KXFMARK=$MARK" 'SECOND: end'
  not_seen 'Kernel panic' 'a kernel panicked'
}
