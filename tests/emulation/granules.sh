# shellcheck shell=bash
# granules.sh -- a chain of kernels with pages of 4, 16 and 64 KiB; the purgatory verifies with the MMU on between them, in
#   tables of the old kernel's granule.
#
# How to use:  in a case: . "$HARNESS/granules.sh"; FROM=ADDRESS when all that is loaded is to lie at or above it
# Expect:      as with any other chain
# Time:        16 s
#
# The small kernels have no virtio: what they load comes along in the initramfs. -cpu max has all three granules; pauth-impdef:
# see virt-dt-el2-vhe.

# shellcheck disable=SC2034  # read by lib.sh
KERNEL=small GUEST=chain SHARED=no CPU=max,pauth-impdef=on PROFILE=/mnt/profile.toml LOAD='-v --digest always' TIMEOUT=200
FROM=0x40000000 RAM_BEGIN=0x40000000

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
  { cat "$ROOT/config/profiles/qemu-virt.toml"
    [ "$FROM" = "$RAM_BEGIN" ] || printf '\n[[memory.reserve]]\nstart = "%s"\nsize = "%d MiB"\nreason = "%s"\n' \
      "$RAM_BEGIN" $(((RESERVE_END - RAM_BEGIN) >> 20)) 'all that is loaded lies above'; } > profile.toml
}

# went_through LEVEL: the chain came to its end; each jump was at exception level LEVEL, with tables of the granule of the
# kernel that was left, and the new kernel is at or above FROM
went_through() {
  local kib entry
  chained
  for kib in 4 16 64; do
    in_order "G: came in .*, pages of $((kib << 10)) bytes" "purgatory MMU on while it verifies, [0-9]+ page tables of $kib KiB" \
      "[]] kxf: purgatory, EL$1\r?$" '[]] kxf: verifying .* ok, MMU on\r?$'
  done
  in_order 'G: came in again, .*, pages of 16384 bytes' 'INIT: done'
  while read -r entry; do
    [ $((entry)) -ge $((FROM)) ] || fail "a kernel is at $entry, below $FROM"
  done < <(sed -nE 's/.*[]] kxf: entering the kernel at (0x[0-9a-f]+),.*/\1/p' "$LOG")
}
