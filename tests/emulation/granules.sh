# shellcheck shell=bash
# granules.sh -- the purgatory verifies with the MMU on, in tables of 4, 16 and 64 KiB pages, wherever RAM is: by a chain of
#   kernels that load each other, and in bundles.
#
# How to use:  in a case: . "$HARNESS/granules.sh"
#   as it is, a chain of loads; FROM=ADDRESS where all that is loaded is to lie at or above it; check() { went_through EL; }
#   start() { bundles "$1" EL PAGES:PLACE...; }: a bundle for each, EL 1, 2 or host (2 with E2H
#   set), PAGES 4K, 16K or 64K, PLACE low, 4G or 512G
# Expect:      as with any other case
# Time:        16 s; 3 s for a bundle
#
# The small kernels have no virtio: what they load comes along in the initramfs. -cpu max has all three granules; pauth-impdef:
# see virt-dt-el2-vhe.

# shellcheck disable=SC2034  # read by lib.sh
KERNEL=small GUEST=chain SHARED=no CPU=max,pauth-impdef=on PROFILE=/mnt/profile.toml LOAD='-v --digest always' TIMEOUT=200
RAM_BEGIN=0x40000000 FROM=$RAM_BEGIN

# ---- a chain -------------------------------------------------------------------------------------

prepare() {
  local pages
  # the first kernel is not in the chain
  rm "$FIRST"
  for pages in 16k 64k; do
    find_kernel small "arm64-$pages"
    cp "$KERNEL_DIR/Image" "$pages"
  done
  cp 16k again
  printf '%s\n' 16k 64k again > chain
  profile_from > profile.toml
}

# profile_from: the board's profile, with which nothing is placed below FROM
profile_from() {
  local below=$((FROM - RAM_BEGIN))
  cat "$ROOT/config/profiles/qemu-virt.toml"
  [ "$below" -gt 0 ] || return 0
  # the end of RAM there, not of the addresses
  [ -z "${LOW_BYTES:-}" ] || below=$((LOW_BYTES))
  printf '\n[[memory.reserve]]\nstart = "%s"\nsize = "%d MiB"\nreason = "%s"\n' \
    "$RAM_BEGIN" $((below >> 20)) 'all that is loaded lies above'
}

# went_through EL: the chain came to its end; each jump was at this exception level, with tables of the granule of the kernel
# that was left, and the new kernel is at or above FROM
went_through() {
  local kib
  chained
  for kib in 4 16 64; do
    in_order "G: came in .*, pages of $((kib << 10)) bytes" "purgatory MMU on while it verifies, [0-9]+ page tables of $kib KiB" \
      "[]] kxf: purgatory, EL$1\r?$" '[]] kxf: verifying .* ok, MMU on\r?$'
  done
  in_order 'G: came in again, .*, pages of 16384 bytes' 'INIT: done'
  entered_above
}

entered_above() {
  local entry
  while read -r entry; do
    [ $((entry)) -ge $((FROM)) ] || fail "a kernel is at $entry, below $FROM"
  done < <(sed -nE 's/.*[]] kxf: entering the kernel at (0x[0-9a-f]+),.*/\1/p' "$LOG")
}

# ---- bundles -------------------------------------------------------------------------------------

bundles() { # NAME EL PAGES:PLACE...
  local name=$1 el=$2 level=${2/host/2} each
  shift 2
  . "$HARNESS/bundle.sh"
  . "$HARNESS/start.sh"
  prepare() { prepare_bundle; }
  bundle_of() { granule_bundle "$@"; }
  [ "$el" != host ] || bundle_started_by() { start_with "$1" "$SHARE/board.dtb" -DHOST; }
  for each; do
    PAGES=${each%:*} MEM=1G FROM=$RAM_BEGIN SPARSE=no LOW_BYTES=''
    case ${each#*:} in
      4G) MEM=5G FROM=0x100000000 ;;
      512G) . "$HARNESS/high-ram.sh"; FROM=$HIGH ;;
    esac
    bundle "$name-$PAGES"
    bundled
    in_order "[]] kxf: purgatory, EL$level\r?$" '[]] kxf: verifying .* ok, MMU on\r?$'
    grep -q "page tables of ${PAGES%K} KiB" "$SHARE/plan.json" || fail "no tables of $PAGES pages"
    entered_above
    [ ${#REASONS[@]} -eq 0 ] || break    # with this one's log
  done
}

# prepare_bundle: a kernel, and a capture of the case's machine with a kernel of such pages, in the current directory
prepare_bundle() {
  local kernel=arm64-64k
  [ "$PAGES" = 64K ] || kernel=arm64-16k
  find_kernel small "$kernel"
  cp "$KERNEL_DIR/Image" "$IMAGE"
  # placed at the top of RAM, so above FROM; what is reserved would not be mapped, and QEMU puts the bundle there
  cp "$ROOT/config/profiles/qemu-virt.toml" profile.toml
  qemu_of_board
  "${QEMU[@]}" -M dumpdtb=board.dtb -display none 2> /dev/null
  [ -z "$LOW_BYTES" ] || high_ram board.dtb
  PYTHONPATH=$ROOT/tests/support python3 - "$ROOT/tests/machines/virt-dt-el1.tar" $((${PAGES%K} << 10)) <<'P'
import sys
import captures
import fdt
capture = captures.Capture(sys.argv[1])
capture.facts(page_size_bytes=int(sys.argv[2]))
with open('board.dtb', 'rb') as file:
    capture.tree = file.read()
ram = []
for _, node in capture.tree.root.walk():
    if node.properties.get('device_type') == b'memory\0':
        start, size = (int.from_bytes(node.properties['reg'][at:at + 8], 'big') for at in (0, 8))
        ram.append('%08x-%08x : System RAM\n' % (start, start + size - 1))
capture.entries['proc/iomem'] = ''.join(sorted(ram, key=lambda line: int(line.split('-')[0], 16))).encode()
for path in capture.entries:
    if path.endswith('/midr_el1'):
        capture.entries[path] = b'0x00000000000f0510\n'      # QEMU's max, which has all granules
capture.write('machine.tar')
P
}

granule_bundle() { # KERNEL INITRD FILE
  host_kxf bundle --machine "$SHARE/machine.tar" --profile "$SHARE/profile.toml" --kernel "$1" --initrd "$2" \
    --command-line "console=$CONSOLE KXFMARK=$MARK" -o "$3" --json
}
