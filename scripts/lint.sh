#!/bin/bash
# lint.sh [format|tidy|shell|rules|fix]... -- formatting, static analysis and house rules.
#
# How to run:  scripts/lint.sh            all of them
#              scripts/lint.sh format     only one
#              scripts/lint.sh fix        reformat all C and C++ files
#   tidy needs build/host/compile_commands.json: scripts/build.sh host
# Expect:      what is wrong, with file and line; one line "lint: NAME ok, N s" or "lint: NAME FAILED, N s" for each.
# Time:        tidy takes 5 to 15 s a file of core and plugins when it changed, else nothing (build/tidy keeps a mark for each file that is
#              clean, keyed by its content, all headers, .clang-tidy and how it is compiled); the others 2 s
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
"$ROOT/scripts/setup.sh" lint

format() {
  our_files '*.cpp' '*.hpp' '*.c' '*.h' | xargs -r clang-format-14 --dry-run -Werror --style=file
}

fix() { our_files '*.cpp' '*.hpp' '*.c' '*.h' | xargs -r clang-format-14 -i --style=file; }

# tidy_one KEY FILE: run by xargs
tidy_one() {
  if clang-tidy-14 --quiet -p build/host --extra-arg=-Wno-unknown-warning-option "$2" > "build/tidy/$1.log" 2>&1; then
    mv "build/tidy/$1.log" "build/tidy/$1.ok"
  else
    grep -v 'warnings generated\|Suppressed\|Use -header-filter' "build/tidy/$1.log" || true
    rm "build/tidy/$1.log"
    return 1
  fi
}
export -f tidy_one

tidy() {
  [ -e build/host/compile_commands.json ] || die 'no build/host/compile_commands.json; run scripts/build.sh host'
  mkdir -p build/tidy
  local common
  common=$(our_files '*.hpp' '*.h' '.clang-tidy' | xargs cat | sha256sum | cut -c1-12)
  # "key file" for each translation unit of the product
  python3 - "$common" <<'P' | while read -r k file; do [ -e "build/tidy/$k.ok" ] || echo "$k $file"; done |
import hashlib, json, os, sys
root, seen = os.getcwd(), set()
for unit in json.load(open('build/host/compile_commands.json')):
    path = os.path.relpath(os.path.join(unit['directory'], unit['file']), root)
    # what ships; tests would double the time, and the compiler's warnings and the sanitizers look at them
    if not path.startswith(('core/', 'plugins/', 'examples/')) or not path.endswith(('.cpp', '.c')) or path in seen:
        continue
    seen.add(path)
    text = open(path, 'rb').read() + unit['command'].encode() + sys.argv[1].encode()
    print(hashlib.sha256(text).hexdigest()[:16], path)
P
    nice xargs -r -P "$JOBS" -L 1 bash -c 'tidy_one "$1" "$2"' tidy_one
}

shell() { our_files '*.sh' run | xargs shellcheck -x -P SCRIPTDIR --severity=warning; }

rules() { "$ROOT/scripts/check-rules.sh"; }

[ $# -gt 0 ] || set -- format rules shell tidy
failed=0
for check; do
  case $check in format|tidy|shell|rules|fix) ;; *) say "unknown: $check"; exit 2 ;; esac
  start=$SECONDS result=ok
  # in a process of its own: within "if" or "||" the shell would ignore set -e
  "$check" &
  wait $! || result=FAILED failed=1
  echo "lint: $check $result, $((SECONDS - start)) s"
done
exit $failed
