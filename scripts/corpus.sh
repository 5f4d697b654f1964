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

entry=$("$ROOT/scripts/device-trees.sh")
exec python3 "$ROOT/tests/corpus/run.py" --build "$build" --trees "$entry/trees" --package "$(cat "$entry/package")" "${options[@]}"
