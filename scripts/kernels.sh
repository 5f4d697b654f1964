#!/bin/bash
# kernels.sh debian|small [ARCH...] -- the kernels that the emulation boots, made once and kept in the cache.
#
# How to run:  scripts/kernels.sh debian arm64           Debian's newest kernel, with busybox and Debian's kexec-tools and makedumpfile
#              scripts/kernels.sh debian ppc64el
#              scripts/kernels.sh small arm64            a small kernel with KEXEC_FILE, from Debian's linux-source
#              scripts/kernels.sh small ppc64el ppc64    the same for 64-bit Power, and a big-endian one: the source is
#                                                        unpacked once for all that are made in one run
#              scripts/kernels.sh small arm64-16k arm64-64k   smaller ones, with pages of 16 and 64 KiB
#   Without ARCH: arm64.
# Expect:      the path of each cache entry on stdout.
#                debian: Image (arm64) or vmlinux (ppc64el), modules/*.ko and modules/list (those to load, in this order),
#                        version, root/ (busybox, kexec-tools, makedumpfile and the libraries they need, unpacked)
#                small:  vmlinux (ELF, all drivers built in), version, .config; arm64: Image; ppc64el and ppc64:
#                        zImage.pseries and zImage.epapr; arm64-16k and arm64-64k: Image, version, .config
# Time:        debian: 15 s; small: arm64 5 minutes, ppc64el and ppc64 2.5 each, arm64-16k and arm64-64k 1.5 each, on two idle
#              cores; nothing when cached
# Disk:        small: 1.5 GB while it compiles, 20 to 60 MB afterwards
set -euo pipefail
. "$(dirname "$0")/lib.sh"
me=$ROOT/scripts/kernels.sh
configs=$ROOT/tests/emulation

# depends_on ARCH PACKAGE REGEX: the newest package with such a name that PACKAGE depends on
depends_on() {
  target_knows "$1" "$2"
  target_apt "$1" apt-cache depends "$2" | sed -nE "s/^ *Depends: ($3)$/\1/p" | sort -V | tail -1
}

# ---- debian ----------------------------------------------------------------------------------------------------------

# 9p over virtio, in the order that insmod must follow: one that is missing and the mount fails
virtio_pci=(drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci_modern_dev drivers/virtio/virtio_pci)
# Loaded by the case that needs it
ramoops=(lib/reed_solomon/reed_solomon fs/pstore/ramoops)
virtio_9p=(fs/netfs/netfs fs/fscache/fscache net/9p/9pnet fs/9p/9p net/9p/9pnet_virtio)

# What makedumpfile links, beside libc6; it depends on perl too, for a script of no use here
makedumpfile=(makedumpfile libdw1 libelf1 liblzma5 liblzo2-2 libbz2-1.0 zlib1g)

# debian_facts ARCH: sets metapackage, kernel_file (in the entry), modules and, those that are not loaded, spare_modules
debian_facts() {
  spare_modules=()
  case $1 in
    arm64)
      metapackage=linux-image-arm64 kernel_file=Image
      modules=(drivers/virtio/virtio_mmio "${virtio_pci[@]}" "${virtio_9p[@]}" drivers/block/virtio_blk
        drivers/firmware/qemu_fw_cfg) spare_modules=("${ramoops[@]}") ;;
    ppc64el)
      metapackage=linux-image-powerpc64le kernel_file=vmlinux
      modules=(drivers/virtio/virtio drivers/virtio/virtio_ring "${virtio_pci[@]}" "${virtio_9p[@]}") ;;
    *) die "no Debian kernel for $1" ;;
  esac
}

make_debian() { # DIR
  local module tree=$1/kernel magic
  target_unpack "$arch" "$tree" "$kernel_package"
  target_unpack_all "$arch" "$1/root" busybox-static kexec-tools
  target_unpack "$arch" "$1/root" "${makedumpfile[@]}"
  rm -rf "$1/root/usr/share"
  cp "$tree"/boot/vmlinu[xz]-* "$1/$kernel_file"
  case $kernel_file in
    Image) magic=$(head -c 60 "$1/Image" | tail -c 4); [ "$magic" = ARMd ] ;;
    vmlinux) magic=$(elf_machine "$1/vmlinux"); [ "$magic" = PowerPC64 ] ;;
  esac || die "$kernel_package holds no $kernel_file for $arch"
  mkdir "$1/modules"
  basename "$tree"/lib/modules/* > "$1/version"
  for module in "${modules[@]}"; do
    cp "$tree"/lib/modules/*/kernel/"$module.ko" "$1/modules/" || die "$kernel_package has no $module.ko"
    basename "$module" >> "$1/modules/list"
  done
  for module in ${spare_modules[@]+"${spare_modules[@]}"}; do
    cp "$tree"/lib/modules/*/kernel/"$module.ko" "$1/modules/" || die "$kernel_package has no $module.ko"
  done
  rm -rf "$tree"
}

debian() {
  local versions metapackage kernel_file kernel_package arch=$1
  local -a modules spare_modules
  debian_facts "$arch"
  kernel_package=$(depends_on "$arch" "$metapackage" 'linux-image-[0-9][^ ]*')
  versions=$(target_versions "$arch" "$kernel_package" busybox-static kexec-tools "${makedumpfile[@]}" |
    grep -E '^(linux-image|busybox|kexec-tools|makedumpfile|libc6|liblzma|zlib|libdw|libelf|liblzo|libbz2)')
  cached "kernel-debian-$arch" "$(key "$versions" "$(hash_of "$me")")" make_debian
}

# ---- small -----------------------------------------------------------------------------------------------------------

# small_facts ARCH: sets what differs between the architectures
small_facts() {
  case $1 in
    arm64)
      apt_arch=arm64 linux_arch=arm64 cross=aarch64-linux-gnu- fragments=("$configs/small-kernel-arm64.config")
      options='KEXEC_FILE EFI NET_9P_VIRTIO SERIAL_AMBA_PL011_CONSOLE' targets=Image
      results='vmlinux arch/arm64/boot/Image' ;;
    arm64-16k|arm64-64k)
      apt_arch=arm64 linux_arch=arm64 cross=aarch64-linux-gnu-
      fragments=("$configs/small-kernel-arm64-pages.config" "$configs/small-kernel-$1.config")
      options='KEXEC SERIAL_AMBA_PL011_CONSOLE' targets=Image results=arch/arm64/boot/Image
      case $1 in
        arm64-16k) options+=' ARM64_16K_PAGES' ;;
        arm64-64k) options+=' ARM64_64K_PAGES ARM64_PA_BITS_52' ;;
      esac ;;
    ppc64el|ppc64)
      apt_arch=ppc64el linux_arch=powerpc cross=powerpc64le-linux-gnu-
      fragments=("$configs/small-kernel-power.config" "$configs/small-kernel-$1.config")
      options='RELOCATABLE PPC_PSERIES PPC_POWERNV PPC_OF_BOOT_TRAMPOLINE SMP KEXEC HVC_CONSOLE HVC_OPAL'
      targets=zImage
      results='vmlinux arch/powerpc/boot/zImage.pseries arch/powerpc/boot/zImage.epapr'
      case $1 in
        ppc64el) options+=' CPU_LITTLE_ENDIAN KEXEC_FILE' ;;
        ppc64) cross=powerpc64-linux-gnu- options+=' CPU_BIG_ENDIAN' ;;
      esac ;;
    *) die "no small kernel for $1" ;;
  esac
}

# unpack_source: into $source, without most of what no kernel here compiles
unpack_source() {
  local package
  source=$(mktemp -d "$CACHE/linux-source.XXXXXX")
  # shellcheck disable=SC2064  # the folder of now
  trap "rm -rf '$source'" EXIT
  package=$source/package
  target_unpack "$apt_arch" "$package" "$source_package"
  tar xf "$package/usr/src/$source_package.tar.xz" --strip-components=1 -C "$source" \
    --exclude='*/Documentation/*.rst' --exclude='*/Documentation/devicetree/*' --exclude='*/tools/perf/*' --exclude='*/tools/testing/*' --exclude='*/drivers/gpu/*.[ch]' \
    --exclude='*/drivers/net/*/*.[ch]' --exclude='*/drivers/media/*.[ch]' --exclude='*/drivers/staging/*.[ch]' \
    --exclude='*/sound/*.[ch]'
  rm -rf "$package"
}

make_small() { # DIR
  local build=$source/build-$arch option result
  mkdir "$build"
  cd "$source"
  local make=(make -s O="$build" ARCH="$linux_arch" CROSS_COMPILE="$cross"
    KBUILD_BUILD_TIMESTAMP=2020-01-01 KBUILD_BUILD_USER=kxf KBUILD_BUILD_HOST=kxf)
  # not merge_config.sh after allnoconfig: what allnoconfig has denied, a choice does not take back
  cat "${fragments[@]}" > "$build/fragment"
  "${make[@]}" KCONFIG_ALLCONFIG="$build/fragment" allnoconfig
  for option in $(sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y/\1/p' "$build/fragment"); do
    grep -q "^$option=y" "$build/.config" || say "this source does not take $option"
  done
  for option in $options; do
    grep -q "^CONFIG_$option=y" "$build/.config" || die "the small kernel needs CONFIG_$option"
  done
  "${make[@]}" kernelrelease > "$1/version"
  say "compiling Linux $(cat "$1/version") for $arch with $JOBS jobs; it takes some minutes"
  # shellcheck disable=SC2086  # words
  nice "${make[@]}" -j"$JOBS" $targets
  for result in $results; do cp "$build/$result" "$1/"; done
  cp "$build/.config" "$1/"
  cd "$ROOT"
  rm -rf "$build"
}

small() {
  local arch version name k source_package source='' apt_arch linux_arch cross options targets results
  local -a fragments
  for arch; do
    small_facts "$arch"
    source_package=$(depends_on "$apt_arch" linux-source 'linux-source-[0-9.]*')
    [ -n "$source_package" ] || die "apt does not know linux-source"
    version=$(target_versions "$apt_arch" "$source_package" | grep '^linux-source')
    name=kernel-small-$arch
    k=$(key "$version" "$(hash_of "${fragments[@]}")" "$apt_arch $linux_arch $cross $options $targets $results" \
      "$(declare -f make_small unpack_source)")
    if [ ! -d "$CACHE/$name-$k" ] && [ -z "$source" ]; then unpack_source; fi
    cached "$name" "$k" make_small
  done
}

what=${1:-}
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- arm64
case $what in
  debian) for arch; do debian "$arch"; done ;;
  small) "$ROOT/scripts/setup.sh" kernel; small "$@" ;;
  *) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
