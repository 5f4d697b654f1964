#!/bin/bash
# lint.sh [format|tidy|shell|rules|fix]... -- formatting, static analysis and house rules.
#
# How to run:  scripts/lint.sh            all of them
#              scripts/lint.sh format     only one
#              scripts/lint.sh fix        reformat all C and C++ files
# Expect:      what is wrong, with file and line; one line "lint: NAME ok, N s" or "lint: NAME FAILED, N s" for each.
# Time:        tidy takes 2 minutes on two cores from nothing.  It looks at the files of one folder of core, or of one plugin,
#              joined as the preset lint joins them: the headers are read once for all.  build/tidy keeps a mark for each such
#              group that is clean, keyed by its content, all headers, .clang-tidy and how it is compiled.  The others take 2 s
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
"$ROOT/scripts/setup.sh" build lint

format() {
  our_files '*.cpp' '*.hpp' '*.c' '*.h' | xargs -r clang-format-14 --dry-run -Werror --style=file
}

fix() { our_files '*.cpp' '*.hpp' '*.c' '*.h' | xargs -r clang-format-14 -i --style=file; }

# tidy_one KEY FILE: run by xargs
tidy_one() {
  # the file that joins others does so by including them
  if clang-tidy-14 --quiet -p build/lint --checks=-bugprone-suspicious-include \
      --extra-arg=-Wno-unknown-warning-option "$2" > "build/tidy/$1.log" 2>&1; then
    mv "build/tidy/$1.log" "build/tidy/$1.ok"
  else
    grep -v 'warnings generated\|Suppressed\|Use -header-filter' "build/tidy/$1.log" || true
    rm "build/tidy/$1.log"
    return 1
  fi
}
export -f tidy_one

tidy() {
  mkdir -p build/tidy
  cmake --preset lint > build/lint.log 2>&1 || { cat build/lint.log; return 1; }
  local common
  common=$(our_files '*.hpp' '*.h' '.clang-tidy' | xargs cat | sha256sum | cut -c1-12)
  # "key file" for each translation unit of the product, the largest first
  python3 - "$common" <<'P' | while read -r k file; do [ -e "build/tidy/$k.ok" ] || echo "$k $file"; done |
import hashlib, json, os, re, sys
root, seen, units = os.getcwd(), set(), []
for unit in json.load(open('build/lint/compile_commands.json')):
    path = os.path.relpath(os.path.join(unit['directory'], unit['file']), root)
    sources = [path]
    if os.path.basename(os.path.dirname(path)) == 'Unity':
        sources = [os.path.relpath(name, root) for name in re.findall(r'^#include "(.*)"$', open(path).read(), re.M)]
    # what ships; tests would double the time, and the compiler's warnings and the sanitizers look at them
    sources = [name for name in sources if name.startswith(('core/', 'plugins/', 'examples/')) and
               name.endswith(('.cpp', '.c')) and name not in seen]
    if not sources:
        continue
    seen.update(sources)
    text = b''.join(open(name, 'rb').read() for name in sources)
    key = hashlib.sha256(text + unit['command'].encode() + sys.argv[1].encode()).hexdigest()[:16]
    units.append((-len(text), key, path))
for _, key, path in sorted(units):
    print(key, path)
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
