#!/bin/bash
# setup.sh [WHAT...] -- install the Debian 12 packages that a step needs.
#
# How to run:  scripts/setup.sh            everything
#              scripts/setup.sh build      only what compiling for this machine needs
#   WHAT is any of: build cross emulate lint sanitize fuzz kernel bench
#   As root, or as a user who may sudo.  Other distributions: read the lists below and install the like.
# Expect:      one line that says what is installed; silence when nothing is missing.
# Time:        under 1 s when nothing is missing; 1 to 3 minutes on a bare machine
set -euo pipefail
. "$(dirname "$0")/lib.sh"

declare -A packages=(
  # gcc for arm64 and ppc64: the purgatory of a plugin is code of its architecture on every host
  [build]='cmake ninja-build g++ libc6-dev pkg-config python3
    libboost-dev libfdt-dev libelf-dev libseccomp-dev libtomlplusplus-dev libexpected-dev libfmt-dev libcli11-dev nlohmann-json3-dev
    libssl-dev zlib1g-dev libdeflate-dev libzstd-dev liblzma-dev liblz4-dev libbz2-dev
    doctest-dev librapidcheck-dev libbenchmark-dev
    gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu gcc-powerpc64le-linux-gnu binutils-powerpc64le-linux-gnu'
  [cross]='g++-aarch64-linux-gnu libc6-dev-arm64-cross g++-powerpc64le-linux-gnu libc6-dev-ppc64el-cross'
  [emulate]='qemu-system-arm qemu-efi-aarch64 qemu-system-ppc qemu-system-data device-tree-compiler u-boot-tools openssl cpio gzip python3
    xz-utils zstd lz4 bzip2 lzop
    binutils gcc-aarch64-linux-gnu binutils-aarch64-linux-gnu binutils-powerpc64le-linux-gnu gcc-powerpc64-linux-gnu
    binutils-powerpc64-linux-gnu'
  [lint]='clang-format-14 clang-tidy-14 shellcheck'
  [sanitize]='g++'
  [fuzz]='clang-14 libclang-rt-14-dev'
  [kernel]='make gcc libc6-dev gcc-aarch64-linux-gnu gcc-powerpc64le-linux-gnu gcc-powerpc64-linux-gnu flex bison bc perl xz-utils libssl-dev libelf-dev'
  [bench]='gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross python3
    valgrind'
)

[ $# -gt 0 ] || set -- build cross emulate lint sanitize kernel bench  # fuzz: only when asked for
want=()
for what; do
  [ -n "${packages[$what]:-}" ] || { say "unknown: $what; there are: ${!packages[*]}"; exit 2; }
  read -r -d '' -a list <<<"${packages[$what]}" || true
  want+=("${list[@]}")
done
command -v apt-get >/dev/null || die "no apt-get here; install the like of: ${want[*]}"
install_packages "${want[@]}"
