#!/bin/bash
# sysroot.sh arm64|ppc64el -- Debian's development packages of the target, unpacked, to cross-build against.
#
# How to run:  KXF_SYSROOT=$(scripts/sysroot.sh arm64) cmake --preset arm64
# Expect:      the path of the sysroot on stdout.  The packages are only unpacked: no foreign code runs, root is not needed.
# Time:        10 to 20 s; 1 s when cached
# Disk:        300 MB
set -euo pipefail
. "$(dirname "$0")/lib.sh"
arch=${1:-}
case $arch in
  arm64|ppc64el) ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

packages=(libc6-dev libstdc++-12-dev libgcc-12-dev libboost-dev libfdt-dev libelf-dev libseccomp-dev libtomlplusplus-dev
  libexpected-dev libfmt-dev libcli11-dev nlohmann-json3-dev libssl-dev zlib1g-dev libdeflate-dev libzstd-dev liblzma-dev liblz4-dev libbz2-dev
  doctest-dev librapidcheck-dev libbenchmark-dev)

make_sysroot() { # DIR
  local link
  target_unpack_all "$arch" "$1" "${packages[@]}"
  rm -rf "$1"/usr/share/{doc,man,locale,info,lintian}
  # Absolute links (libz.so -> /lib/..., the loader below /lib64) lead a cross linker to the host's own root, where it finds
  # nothing, or the wrong architecture, or takes the static library instead: make them relative.
  find "$1" -type l -lname '/*' | while read -r link; do
    ln -sfn "$(realpath -ms --relative-to="$(dirname "$link")" "$1$(readlink "$link")")" "$link"
  done
  [ -e "$1/usr/include/libfdt.h" ] || die "no libfdt.h in $1"
}

versions=$(target_versions "$arch" "${packages[@]}")
cached "sysroot-$arch" "$(key "$versions" "$(hash_of "$ROOT/scripts/sysroot.sh")")" make_sysroot
