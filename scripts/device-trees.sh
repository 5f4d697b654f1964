#!/bin/bash
# device-trees.sh -- the device trees of Debian's newest arm64 kernel package, unpacked once and kept in the cache.
#
# How to run:  trees=$(scripts/device-trees.sh)
# Expect:      the path of the cache entry on stdout: trees/VENDOR/NAME.dtb, and package (its name and version)
# Time:        20 s when the package is new, 1 s else
set -euo pipefail
. "$(dirname "$0")/lib.sh"

make_trees() { # DIR
  target_unpack arm64 "$1/unpacked" "$package"
  mkdir "$1/trees"
  ( cd "$1"/unpacked/usr/lib/linux-image-* && find . -name '*.dtb' -exec cp --parents {} "$1/trees" \; )
  rm -rf "$1/unpacked"
  echo "$package $version" > "$1/package"
}

target_knows arm64 linux-image-arm64
package=$(target_apt arm64 apt-cache depends linux-image-arm64 |
  sed -nE 's/^ *Depends: (linux-image-[0-9][^ ]*)$/\1/p' | sort -V | tail -1)
[ -n "$package" ] || die "linux-image-arm64 depends on no kernel"
target_knows arm64 "$package"
version=$(target_apt arm64 apt-cache show "$package" | sed -n 's/^Version: //p' | head -1)
cached device-trees-arm64 "$(key "$package" "$version" "$(declare -f make_trees)")" make_trees
