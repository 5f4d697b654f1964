#!/bin/bash
# initramfs.sh TARGET KERNEL-DIR STAGE OUTPUT -- the initramfs of every emulated boot.
#
# How to run:  tests/emulation/initramfs.sh arm64 "$(scripts/kernels.sh debian arm64)" build/stage-arm64 build/emulation/initrd.gz
#   (run.sh does)
# Expect:      OUTPUT, a gzipped newc archive with busybox, Debian's kexec-tools and makedumpfile, the staged kxf tree, the modules for 9p
#              and guest/init.sh as /init, with the scripts of a crash beside it.  The same input gives the same bytes.
# Time:        2 s; nothing when OUTPUT is newer than its parts
set -euo pipefail
. "$(dirname "$0")/../../scripts/lib.sh"
[ $# -eq 4 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1 kernel=$2 stage=$3 output=$4
[ -d "$stage/usr" ] || die "no staged tree in $stage; run scripts/stage.sh"
case $target in
  arm64) triplet=aarch64-linux-gnu loader=lib/ld-linux-aarch64.so.1 ;;
  ppc64el) triplet=powerpc64le-linux-gnu loader=lib64/ld64.so.2 ;;
  *) die "no target \"$target\"" ;;
esac

guest=$ROOT/tests/emulation/guest
parts=$(key "$kernel" "$(find "$stage" -type f -exec sha256sum {} + | sort)" \
  "$(hash_of "$guest"/{init,panic,vmcore}.sh "$0")")
if [ -e "$output" ] && [ "$(cat "$output.made-from" 2>/dev/null)" = "$parts" ]; then exit 0; fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,sbin,proc,sys,dev,mnt,tmp,run,mod,etc,lib,usr}
cp "$kernel/root/bin/busybox" "$tree/bin/"
programs=("$kernel/root/sbin/kexec" "$kernel/root/usr/bin/makedumpfile")
cp "${programs[@]}" "$tree/sbin/"
mkdir -p "$tree/lib/$triplet" "$tree/$(dirname "$loader")"
libraries=$(needed_libraries "$kernel/root" "${programs[@]}")
for library in $libraries; do
  cp -L "$library" "$tree/lib/$triplet/"
done
# by its real name: the link at the place where programs look is absolute in a package
cp -L "$kernel/root/lib/$triplet/$(basename "$loader")" "$tree/$loader"
cp -a "$stage/." "$tree/"
rm -f "$tree/.staged"
mkdir -p "$tree/mod/$(cat "$kernel/version")"
cp "$kernel"/modules/* "$tree/mod/$(cat "$kernel/version")/"
printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n' > "$tree/etc/passwd"
printf 'root:x:0:\nuser:x:1000:\n' > "$tree/etc/group"
install -m 755 "$guest/init.sh" "$tree/init"
cp "$guest"/{panic,vmcore}.sh "$tree/"
chmod 1777 "$tree/tmp"
chmod 755 "$tree"

mkdir -p "$(dirname "$output")"
find "$tree" -exec touch -hd @0 {} +
( cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0 ) | gzip -1n > "$output.new"
mv "$output.new" "$output"
echo "$parts" > "$output.made-from"
