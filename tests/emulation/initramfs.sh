#!/bin/bash
# initramfs.sh KERNEL-DIR STAGE OUTPUT -- the initramfs of every emulated boot.
#
# How to run:  tests/emulation/initramfs.sh "$(scripts/kernels.sh debian)" build/stage-arm64 build/emulation/initrd.gz
#   (run.sh does)
# Expect:      OUTPUT, a gzipped newc archive with busybox, Debian's kexec-tools, the staged kxf tree, the modules for 9p
#              and guest/init.sh as /init.  The same input gives the same bytes.
# Time:        2 s; nothing when OUTPUT is newer than its parts
set -euo pipefail
. "$(dirname "$0")/../../scripts/lib.sh"
[ $# -eq 3 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
kernel=$1 stage=$2 output=$3
[ -d "$stage/usr" ] || die "no staged tree in $stage; run scripts/stage.sh"

parts=$(key "$kernel" "$(find "$stage" -type f -exec sha256sum {} + | sort)" \
  "$(hash_of "$ROOT"/tests/emulation/guest/init.sh "$0")")
if [ -e "$output" ] && [ "$(cat "$output.made-from" 2>/dev/null)" = "$parts" ]; then exit 0; fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bin,sbin,proc,sys,dev,mnt,tmp,run,mod,etc,lib,usr}
cp "$kernel/root/bin/busybox" "$tree/bin/"
cp "$kernel/root/sbin/kexec" "$tree/sbin/"
mkdir "$tree/lib/aarch64-linux-gnu"
for library in $(needed_libraries "$kernel/root" "$kernel/root/sbin/kexec"); do
  cp -L "$library" "$tree/lib/aarch64-linux-gnu/"
done
cp -L "$kernel/root/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1" "$tree/lib/"
cp -a "$stage/." "$tree/"
rm -f "$tree/.staged"
mkdir -p "$tree/mod/$(cat "$kernel/version")"
cp "$kernel"/modules/* "$tree/mod/$(cat "$kernel/version")/"
printf 'root:x:0:0:root:/:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\n' > "$tree/etc/passwd"
printf 'root:x:0:\nuser:x:1000:\n' > "$tree/etc/group"
install -m 755 "$ROOT/tests/emulation/guest/init.sh" "$tree/init"
chmod 1777 "$tree/tmp"
chmod 755 "$tree"

mkdir -p "$(dirname "$output")"
find "$tree" -exec touch -hd @0 {} +
( cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0 ) | gzip -1n > "$output.new"
mv "$output.new" "$output"
echo "$parts" > "$output.made-from"
