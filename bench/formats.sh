#!/bin/bash
# formats.sh [FILE...] -- what a wrapped kernel costs: kxf load against Debian's kexec -l where that reads the file, and
#                         unpacking against the program that belongs to the library.
#
# How to run:  bench/formats.sh                     all files
#              bench/formats.sh Image.gz uImage     some of them
#   Debian's Image in every compression and wrapping that kxf reads, in tmpfs, in one arm64 guest; without a digest. QEMU
#   counts instructions (-icount shift=0: one is 1 ns of the guest's time), the kernel's among them. Memory is the peak of a
#   control group (bench.c). Unpacking is a dry run of the load without a confined child, less the same for the Image as it is:
#   it ends with the kernel in memory. The program (zstd -dc, ...) writes to /dev/null, and its start is in its figure.
# Expect:      the tables of README.md, and exit status 1 when a ratio is above the target that stands beside it.
# Time:        4 minutes, beside the builds of the first time
# env: KXF_NO_BUILD=1  build/stage-arm64 is as it should be
set -euo pipefail
. "$(dirname "$0")/lib.sh"
reset_case
# shellcheck disable=SC2034  # qemu_of_board reads them
SMP=1 MEM=2G INITRD_BYTES=0 BOOT_SECONDS=1200
# what each file is, and what unpacks it
FILES='Image
Image.gz gzip
Image.xz xz
Image.lzma xz --format=lzma
Image.zst zstd
Image.lz4 lz4
Image.frame.lz4 lz4
Image.bz2 bzip2
Image.lzo lzop
uImage
uImage.gz
Image.efi
Image.itb
Image.uki'
if [ $# -gt 0 ]; then
  wanted=" Image $* "
  FILES=$(while read -r line; do [[ $wanted != *" ${line%% *} "* ]] || echo "$line"; done <<< "$FILES")
fi
UNPACKERS='gzip xz-utils zstd lz4 bzip2 lzop'

make_unpackers() { # DIR
  local program programs=()
  # shellcheck disable=SC2086  # words
  target_unpack_all arm64 "$1/root" $UNPACKERS
  mkdir "$1/bin" "$1/lib"
  for program in gzip xz zstd lz4 bzip2 lzop; do
    programs+=("$(find "$1/root" -type f \( -path "*/bin/$program" \))")
  done
  cp "${programs[@]}" "$1/bin/"
  # shellcheck disable=SC2046  # words
  cp -L $(needed_libraries "$1/root" "${programs[@]}") "$1/lib/"
  rm -r "$1/root"
  tr '\n' ',' <<< "$VERSIONS" | sed 's/,$//; s/,/, /g' > "$1/versions"
}

# unpackers: Debian's programs, for the guest
unpackers() {
  # shellcheck disable=SC2086  # words
  VERSIONS=$(target_versions arm64 $UNPACKERS | grep -E "^(${UNPACKERS// /|}|lib(lzma|zstd|lz4|bz2|lzo).*|zlib1g) ")
  cp -r "$(cached unpackers-arm64 "$(key "$VERSIONS" "$(declare -f make_unpackers)")" make_unpackers)" "$SHARE/unpackers"
}

prepare_bench formats-guest
unpackers
( cd "$SHARE" && make_wrappings )
echo "$FILES" > "$SHARE/files"
measure icount formats -icount shift=0,sleep=off

versions icount
echo
echo '| | bytes | `kexec -l` | `kxf load` | ratio | at most | memory: `kexec -l` | `kxf load` | ratio | at most |'
echo '|---|---:|---:|---:|---:|---|---:|---:|---:|---|'
while read -r name _; do
  most=0.8 memory_most=0.5
  case $name in
    Image) most='' ;;          # that is bench/load.sh's
    *.gz) memory_most=1 ;;     # kexec_load wants the unpacked kernel whole, so both have it
  esac
  printf '| `%s` | %d |' "$name" "$(stat -c %s "$SHARE/$name")"
  cells "$(value icount "kexec-$name" first)" "$(value icount "kxf-$name" first)" 1000000 M "$most"
  cells "$(value icount "kexec-$name" peak)" "$(value icount "kxf-$name" peak)" 1024 MiB "$memory_most"
  echo
done <<< "$FILES"
echo
echo '| unpacking | | its program | kxf | ratio | at most |'
echo '|---|---|---:|---:|---:|---|'
plain=$(value icount dry-Image first)
while read -r name program; do
  [ -n "$program" ] || continue
  printf '| `%s` | `%s -dc` |' "$name" "$program"
  cells "$(value icount "program-$name" first)" $(($(value icount "dry-$name" first) - plain)) 1000000 M 1.15
  echo
done <<< "$FILES"
[ "$MISSED" = 0 ] || die "$MISSED targets missed"
