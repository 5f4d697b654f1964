#!/bin/bash
# kernels.sh debian|small -- the arm64 kernels that the emulation boots, made once and kept in the cache.
#
# How to run:  scripts/kernels.sh debian    Debian's newest kernel, with busybox and Debian's kexec-tools
#              scripts/kernels.sh small     a small kernel with KEXEC_FILE, from Debian's linux-source
# Expect:      the path of the cache entry on stdout.
#                debian: Image, modules/*.ko and modules/list (in the order to load them), version, root/ (busybox,
#                        kexec-tools and the libraries it needs, unpacked)
#                small:  Image (all drivers built in), vmlinux (ELF), version
# Time:        debian: 15 s; small: 7 to 10 minutes on two cores; nothing when cached
# Disk:        small: 2 GB while it compiles, 40 MB afterwards
set -euo pipefail
. "$(dirname "$0")/lib.sh"
me=$ROOT/scripts/kernels.sh
fragment=$ROOT/tests/emulation/small-kernel.config
arch=arm64

# depends_on PACKAGE REGEX: the newest package with such a name that PACKAGE depends on
depends_on() {
  target_knows $arch "$1"
  target_apt $arch apt-cache depends "$1" | sed -nE "s/^ *Depends: ($2)$/\1/p" | sort -V | tail -1
}

# ---- debian ----------------------------------------------------------------------------------------------------------

# 9p over virtio, in the order that insmod must follow: one that is missing and the mount fails
modules=(drivers/virtio/virtio_mmio drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci_modern_dev
  drivers/virtio/virtio_pci fs/netfs/netfs fs/fscache/fscache net/9p/9pnet fs/9p/9p net/9p/9pnet_virtio
  drivers/block/virtio_blk drivers/firmware/qemu_fw_cfg)

make_debian() { # DIR
  local package=$kernel_package module tree=$1/kernel
  target_unpack $arch "$tree" "$package"
  target_unpack_all $arch "$1/root" busybox-static kexec-tools
  rm -rf "$1/root/usr/share"
  cp "$tree"/boot/vmlinuz-* "$1/Image"
  [ "$(head -c 60 "$1/Image" | tail -c 4)" = ARMd ] || die "$package holds no arm64 Image"
  mkdir "$1/modules"
  basename "$tree"/lib/modules/* > "$1/version"
  for module in "${modules[@]}"; do
    cp "$tree"/lib/modules/*/kernel/"$module.ko" "$1/modules/" || die "$package has no $module.ko"
    basename "$module" >> "$1/modules/list"
  done
  rm -rf "$tree"
}

debian() {
  local versions
  kernel_package=$(depends_on linux-image-arm64 'linux-image-[0-9][^ ]*')
  versions=$(target_versions $arch "$kernel_package" busybox-static kexec-tools |
    grep -E '^(linux-image|busybox|kexec-tools|libc6|liblzma|zlib)')
  cached kernel-debian-$arch "$(key "$versions" "$(hash_of "$me")")" make_debian
}

# ---- small -----------------------------------------------------------------------------------------------------------

make_small() { # DIR
  local work=$1/work option
  mkdir -p "$work"/{package,source,build}
  target_unpack $arch "$work/package" "$source_package"
  tar xf "$work/package/usr/src/$source_package.tar.xz" --strip-components=1 -C "$work/source"
  rm -rf "$work/package"
  cd "$work/source"
  local make=(make -s O="$work/build" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
    KBUILD_BUILD_TIMESTAMP=2020-01-01 KBUILD_BUILD_USER=kxf KBUILD_BUILD_HOST=kxf)
  "${make[@]}" allnoconfig
  ARCH=arm64 scripts/kconfig/merge_config.sh -m -O "$work/build" "$work/build/.config" "$fragment" >/dev/null
  "${make[@]}" olddefconfig
  for option in $(sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y/\1/p' "$fragment"); do
    grep -q "^$option=y" "$work/build/.config" || say "this source does not take $option"
  done
  for option in KEXEC_FILE EFI NET_9P_VIRTIO SERIAL_AMBA_PL011_CONSOLE; do
    grep -q "^CONFIG_$option=y" "$work/build/.config" || die "the small kernel needs CONFIG_$option"
  done
  "${make[@]}" kernelrelease > "$1/version"
  say "compiling Linux $(cat "$1/version") with $JOBS jobs; it takes some minutes"
  nice "${make[@]}" -j"$JOBS" Image
  cp "$work/build/arch/arm64/boot/Image" "$work/build/vmlinux" "$work/build/.config" "$1/"
  cd "$ROOT"
  rm -rf "$work"
}

small() {
  local version
  source_package=$(depends_on linux-source 'linux-source-[0-9.]*')
  [ -n "$source_package" ] || die "apt does not know linux-source"
  version=$(target_versions $arch "$source_package" | grep '^linux-source')
  cached kernel-small-$arch "$(key "$version" "$(hash_of "$fragment")" "$(declare -f make_small)")" make_small
}

case ${1:-} in
  debian) debian ;;
  small) "$ROOT/scripts/setup.sh" kernel; small ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
