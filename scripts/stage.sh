#!/bin/bash
# stage.sh [--dev] TARGET DIR -- a self-contained installed tree of build/TARGET (host, arm64 or ppc64el) in DIR.
#
# How to run:  scripts/build.sh arm64 && scripts/stage.sh arm64 build/stage-arm64
#   Copy DIR over the root of an initramfs or a root filesystem.  An older DIR is replaced.
#   --dev: with the SDK (headers, CMake package) too
# Expect:      usr/bin/kxf, libkxf.so, usr/lib/kxf/plugins/*.so, etc/kxf/profiles/*.toml, every shared library that they need,
#              and the dynamic loader at the path that the program names.  A last line with the size.
# Time:        2 s
set -euo pipefail
. "$(dirname "$0")/lib.sh"
dev=0
if [ "${1:-}" = --dev ]; then dev=1; shift; fi
[ $# -eq 2 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1
build=$ROOT/build/$target
[ -e "$build/CMakeCache.txt" ] || die "no $build; run scripts/build.sh $target"
mkdir -p "$2"
dir=$(cd "$2" && pwd)

# Only a folder that this script made is emptied
if [ -n "$(ls -A "$dir")" ] && [ ! -e "$dir/.staged" ]; then die "$dir is not empty and was not made by stage.sh"; fi
rm -rf "${dir:?}"/* "$dir/.staged"
touch "$dir/.staged"

DESTDIR=$dir cmake --install "$build" --prefix /usr --strip >/dev/null
[ "$dev" = 1 ] || rm -rf "$dir"/usr/include "$dir"/usr/lib/cmake "$dir"/usr/lib/*/cmake "$dir"/usr/lib/pkgconfig \
  "$dir"/usr/lib/*/pkgconfig "$dir"/usr/share/doc "$dir"/usr/share/man
[ "$dev" = 1 ] || find "$dir" -name '*.a' -delete
[ -x "$dir/usr/bin/kxf" ] || die "build/$target installs no usr/bin/kxf"

# Shared libraries: from the sysroot of a cross build, from this machine for the host
sysroot=$(sed -n 's/^KXF_SYSROOT:PATH=//p' "$build/CMakeCache.txt")
mapfile -t ours < <(find "$dir/usr" -type f \( -name '*.so' -o -name '*.so.*' \) ; echo "$dir/usr/bin/kxf")
# an soname is often a link: let the closure know it as ours
mapfile -t links < <(find "$dir/usr" -type l -name '*.so*')
loader=$(readelf -lW "$dir/usr/bin/kxf" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p')
[ -n "$loader" ] || die "usr/bin/kxf names no dynamic loader"
libraries=$(needed_libraries "$sysroot" "${ours[@]}" ${links[@]+"${links[@]}"})
for library in $libraries; do
  [ "$(basename "$library")" = "$(basename "$loader")" ] && continue
  # the folder keeps its name, /usr/lib/aarch64-linux-gnu, where the target's loader looks
  into=$dir/${library#"$sysroot"/}
  into=$dir/usr/lib/$(basename "$(dirname "$into")")
  [ "$(basename "$into")" != lib ] || into=$dir/usr/lib
  mkdir -p "$into"
  cp -L "$library" "$into/"
done
mkdir -p "$dir$(dirname "$loader")"
cp -L "$sysroot$loader" "$dir$loader"

say "$dir: $(find "$dir" -name '*.so*' -path '*/plugins/*' | wc -l) plugins, $(du -sm "$dir" | cut -f1) MB"
