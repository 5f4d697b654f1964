#!/bin/bash
# corpus.sh [--update] [BUILD] -- every device tree of Debian's newest arm64 kernel package, as kxf inspect sees it.
#
# How to run:  scripts/corpus.sh                  with kxf of build/host
#              scripts/corpus.sh build/asan       with another one
#              scripts/corpus.sh --update         write tests/corpus/summary.txt; then read the diff
# Expect:      a table; "ok" or "FAIL" with each check; the last line is "N passed, N failed, N skipped". Exit status 1 when
#              one failed.
# Time:        30 s, and 20 s more when the package is new
set -euo pipefail
. "$(dirname "$0")/lib.sh"
options=()
if [ "${1:-}" = --update ]; then options=(--update); shift; fi
build=$(realpath "${1:-$ROOT/build/host}")
[ -x "$build/core/kxf" ] || die "no kxf in $build; remedy: scripts/build.sh"
command -v fdtget >/dev/null || install_packages device-tree-compiler

make_trees() { # DIR
  target_unpack arm64 "$1/package" "$package"
  mkdir "$1/trees"
  ( cd "$1"/package/usr/lib/linux-image-* && find . -name '*.dtb' -exec cp --parents {} "$1/trees" \; )
  rm -rf "$1/package"
}

target_knows arm64 linux-image-arm64
package=$(target_apt arm64 apt-cache depends linux-image-arm64 |
  sed -nE 's/^ *Depends: (linux-image-[0-9][^ ]*)$/\1/p' | sort -V | tail -1)
[ -n "$package" ] || die "linux-image-arm64 depends on no kernel"
target_knows arm64 "$package"
version=$(target_apt arm64 apt-cache show "$package" | sed -n 's/^Version: //p' | head -1)
entry=$(cached device-trees-arm64 "$(key "$package" "$version" "$(declare -f make_trees)")" make_trees)
exec python3 "$ROOT/tests/corpus/run.py" --build "$build" --trees "$entry/trees" --package "$package $version" "${options[@]}"
