#!/bin/bash
# check-rules.sh -- the house rules that a program can check.
#
# How to run:  scripts/check-rules.sh
# Expect:      "FILE:LINE: what is wrong" for each breach, warnings marked so; the last line is "check-rules: N breaches".
#              Exit status 1 when there is a breach; warnings do not count.
# Time:        1 s
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
breaches=0
self=scripts/check-rules.sh

breach() { echo "$*"; breaches=$((breaches + 1)); }

# forbid REGEX WHY: no text file but this one may match
forbid() {
  local line
  while IFS= read -r line; do breach "${line%%:*}:$(cut -d: -f2 <<<"$line"): $2"; done < <(
    our_files '*' | grep -vxF "$self" | tr '\n' '\0' | xargs -0 grep -nIHE -e "$1" || true)
}

# A file has one job; 700 lines is more than one
while IFS= read -r file; do
  lines=$(wc -l < "$file")
  [ "$lines" -le 700 ] || breach "$file:$lines: more than 700 lines"
done < <(our_files '*.cpp' '*.hpp' '*.c' '*.h' '*.S' '*.sh' '*.py')

forbid '(^|[^A-Za-z0-9_.}/-])/(work|home/[a-z]+|root)/' 'a path of one machine'
forbid '(deb|ftp[a-z.]*|snapshot|security|archive)\.(debian|ubuntu)\.(org|com)|://[^/ ]*mirror' \
  'name of a package mirror; use what the machine is configured for'
forbid '\b(TODO|FIXME|XXX|HACK)\b' 'a mark for later; do it, or open an issue'

# Builds join files; a test's names must not meet those of its neighbours
while IFS= read -r file; do
  grep -qxF "namespace $(basename "$file" .cpp) {" "$file" ||
    breach "$file:1: not in a namespace of the file's name: namespace $(basename "$file" .cpp) {"
done < <(our_files '*_test.cpp' | grep '^tests/unit/')

# Every script tells how to run it
while IFS= read -r file; do
  head -12 "$file" | grep -qE '^#.*How to (run|use):' || breach "$file:1: no \"How to run:\" in the opening comment"
done < <(our_files '*.sh')

# An architecture is a plugin: nothing else knows one by name.  The presets and their toolchain files are named after
# Debian's architectures, and the documents at the top tell the reader what there is.
while IFS= read -r line; do breach "$line: names an architecture, its platform or its firmware"; done < <(
  for pair in 'arm64:arm64|psci' 'ppc64:ppc64|pseries|\bopal\b|\brtas\b'; do
    our_files '*' | grep -vE "^(plugins/${pair%%:*}|config|tests|docs|bench|scripts)/" |
      grep -vE '^([A-Z]+\.md|CMakePresets\.json|cmake/toolchain-.*\.cmake|examples/.*\.(md|toml))$' | tr '\n' '\0' |
      xargs -0 grep -nIHiE -e "${pair#*:}" | cut -d: -f1,2 || true
  done)

echo "check-rules: $breaches breaches"
[ "$breaches" = 0 ]
