#!/bin/bash
# run.sh [BUILD] -- a vendor's day: install kxf; build examples/acme-board, new plugins and a purgatory from the installed SDK
#                   alone; use them; do what docs/plugin-guide.md says.
#
# How to run:  tests/sdk/run.sh                 kxf from build/host
#              tests/sdk/run.sh build/arm64     cross: everything but what has to run
# Expect:      a line "ok: ..." for each step; "sdk: passed" at the end. Exit status 1 at the first that fails.
# Time:        30 to 60 s
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(realpath "${1:-$root/build/host}")
work=$(mktemp -d /tmp/kxf-sdk-XXXXXX)
trap 'rm -rf "$work"' EXIT

step() { echo "ok: $*"; }
fail() { echo "sdk: failed: $*" >&2; exit 1; }
cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
# run OUTPUT COMMAND...: run it, keep its output, show the output when it fails
run() { local output=$1; shift; "$@" > "$output" 2>&1 || { cat "$output" >&2; fail "$*"; }; }

[ -e "$build/CMakeCache.txt" ] || fail "no kxf was built in $build; remedy: scripts/build.sh"
toolchain=$(cached CMAKE_TOOLCHAIN_FILE)
prefix=$work/root$(cached CMAKE_INSTALL_PREFIX)

# ---- install -----------------------------------------------------------------------------------------------------------

run "$work/log" env DESTDIR="$work/root" cmake --install "$build"
package=$(dirname "$(find "$prefix" -name kxfConfig.cmake)")
[ -e "$package/KxfPlugin.cmake" ] || fail "no CMake package below $prefix"
step "installed to a temporary prefix"

# ---- the example, away from the tree, against that alone ---------------------------------------------------------------

cp -r "$root/examples/acme-board" "$work/acme-board"
arguments=(-S "$work/acme-board" -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -Dkxf_DIR="$package")
if [ -n "$toolchain" ]; then
  arguments+=(-DCMAKE_TOOLCHAIN_FILE="$toolchain" -DKXF_SYSROOT="$(cached KXF_SYSROOT)")
fi
run "$work/log" cmake "${arguments[@]}"
run "$work/log" cmake --build "$work/build" --parallel "${JOBS:-$(nproc)}"
plugin=$work/build/plugins/acme-board.so
step "examples/acme-board builds from the installed SDK"

exported=$(readelf --dyn-syms -W "$plugin" | awk '$7 != "UND" && $5 != "LOCAL" && $8 != "" && $1 ~ /^[0-9]+:$/ { print $8 }')
[ "$exported" = kxf_plugin_v1 ] || fail "exported symbols: $exported"
step "it exports kxf_plugin_v1 and nothing else"
flags=$(readelf -dW "$plugin")
grep -q 'FLAGS_1.*NOW.*NODELETE' <<< "$flags" || fail "link flags: $flags"
readelf -lW "$plugin" | grep -q GNU_RELRO || fail "no RELRO"
readelf -dW "$plugin" | grep -q 'NEEDED.*libkxf\.so\.1' || fail "it does not need libkxf.so.1"
step "it is bound at load, read-only where it can be, and never unloaded"

# Looked at before it is run: this test must not write outside its own directory.
grep -q "\"$prefix/.*/kxf/plugins" "$work/build/cmake_install.cmake" ||
  fail "the example would install outside $prefix"
run "$work/log" cmake --install "$work/build"
installed=$(find "$prefix" -path '*/kxf/plugins/acme-board.so')
[ -n "$installed" ] || fail "cmake --install did not put it into kxf's plugin directory"
if readelf -dW "$installed" | grep -qE 'R(UN)?PATH'; then fail "the installed plugin has a run path"; fi
step "it installs into kxf's plugin directory, without a run path"

# ---- a purgatory from the installed kit --------------------------------------------------------------------------------

mkdir "$work/arm64"
cp -r "$root"/tests/sdk/purgatory/* "$root/plugins/arm64/purgatory" "$work/arm64"
run "$work/log" cmake -S "$work/arm64" -B "$work/purgatory" "${arguments[@]:4}"
run "$work/log" cmake --build "$work/purgatory" --parallel "${JOBS:-$(nproc)}"
step "a purgatory builds from the installed SDK"

if [ -n "$toolchain" ]; then
  readelf -hW "$plugin" | sed -n 's/^ *Machine: */ok: built for /p'
  echo "sdk: passed (cross: nothing was run)"
  exit 0
fi

# ---- use ---------------------------------------------------------------------------------------------------------------

run "$work/log" ctest --test-dir "$work/build" --output-on-failure
step "its own test passes"
run "$work/log" "$work/purgatory/vendor-purgatory"
step "$(cat "$work/log")"

LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name 'libkxf.so.1')")
export LD_LIBRARY_PATH
kxf=$prefix/bin/kxf
plugins=$(dirname "$installed")

run "$work/inspect" "$kxf" plugin inspect "$plugin"
grep -qx 'state          ok' "$work/inspect" || { cat "$work/inspect"; fail 'it is not ok'; }
run "$work/inspect.json" "$kxf" plugin inspect --json --plugin-dir "$plugins" acme-board
python3 - "$work/inspect.json" "$installed" << 'P' || fail 'kxf plugin inspect --json'
import json, sys
plugin = json.load(open(sys.argv[1]))
assert plugin["name"] == "acme-board" and plugin["vendor"] == "ACME" and plugin["version"] == "1.0.0", plugin
assert plugin["path"] == sys.argv[2] and plugin["state"] == "ok" and plugin["reasons"] == [], plugin
assert plugin["provides"] == ["image-format:acme1", "console-sink:acme-uart"], plugin
P
step "kxf plugin inspect knows it, by file and by name"

run "$work/list" "$kxf" plugin list --plugin-dir "$plugins"
for name in core arm64 formats acme-board; do grep -q "^$name .* ok " "$work/list" || fail "no $name in kxf plugin list"; done
step "kxf plugin list shows it beside kxf's own"

mkdir "$work/samples"
"$work/acme-board/mkacme.py" "$work/acme-board/README.md" "$work/samples/README.acme"
run "$work/log" "$kxf" plugin check "$plugin" --samples "$work/samples"
step "it keeps the rules for plugins ($(tail -1 "$work/log"))"

run "$work/log" "$kxf" profile check "$work/acme-board/acme-board.toml"
step "its profile is well formed"

machine=
for candidate in "$root"/tests/machines/virt-dt-el2* "$root"/tests/machines/virt-dt*; do
  if [ -e "$candidate" ]; then machine=$candidate; break; fi
done
if [ -z "$machine" ]; then
  echo "skipped: planning with it (no capture of an arm64 virt machine below tests/machines)"
  echo "sdk: passed"
  exit 0
fi

"$root/tests/sdk/image.py" "$work/Image"

# ---- the templates: written, built, tested, checked and used -----------------------------------------------------------

# try_template KIND SCRIPT: SCRIPT of the template puts an image into what the new plugin reads
try_template() {
  local kind=$1 script=$2 name=acme-new-$1 folder=$work/new/$1
  mkdir -p "$work/new"
  run "$work/log" "$kxf" plugin new "$kind" "$name" -o "$folder" --plugin-dir "$plugins"
  run "$work/log" env KXF="$kxf" "$folder/ci.sh" -Dkxf_DIR="$package"
  grep -q "^KXP-13  ok " "$work/log" || { cat "$work/log"; fail "kxf plugin check did not get samples"; }
  step "kxf plugin new $kind: it builds, passes its test and keeps all rules ($(grep ' ok, 0 failed, ' "$work/log"))"
  "$folder/$script" "$work/Image" "$folder/Image.$name"
  "$kxf" plan --json --machine "$machine" --plugin-dir "$folder/build/plugins" --plugin-dir "$plugins" \
    --profile "$folder/$name.toml" --kernel "$folder/Image.$name" > "$work/plan.json" || fail "kxf plan with $name"
  python3 - "$work/plan.json" "$name" << 'P' || fail 'the plan does not use the plugin'
import json, sys
decisions = {decision["topic"]: decision["choice"] for decision in json.load(open(sys.argv[1]))["decisions"]}
assert decisions["image"] == sys.argv[2] + " > arm64-image", decisions
P
  step "kxf plan with its profile unwraps an image with it"
}
try_template format wrap.py
try_template codec pack.py

run "$work/log" "$root/tests/sdk/guide.py" --prefix "$prefix" --plugins "$plugins" --image "$work/Image" --capture "$machine"
step "docs/plugin-guide.md: every command works, what it shows is what they make"

# ---- the example's plan ------------------------------------------------------------------------------------------------

"$work/acme-board/mkacme.py" "$work/Image" "$work/Image.acme"
plan=("$kxf" plan --json --machine "$machine" --plugin-dir "$plugins" --profile "$work/acme-board/acme-board.toml")
"${plan[@]}" --kernel "$work/Image.acme" > "$work/plan.json" || fail 'kxf plan with its profile'
python3 - "$work/plan.json" << 'P' || fail 'the plan does not use the plugin'
import json, sys
plan = json.load(open(sys.argv[1]))
decisions = {decision["topic"]: decision["choice"] for decision in plan["decisions"]}
assert decisions["image"] == "acme1 > arm64-image", decisions
assert "acme-uart" in json.dumps(plan["console"]), plan["console"]
assert plan["command_line"].endswith("acme.kexec=1"), plan["command_line"]
P
step "kxf plan with its profile: format and console are the plugin's"

# expect_refusal TEXT: the last command's status was 1 and its errors say TEXT
expect_refusal() {
  if [ "$status" = 1 ] && grep -qF "$1" "$work/errors"; then return; fi
  cat "$work/errors" >&2
  fail "status $status, expected 1 and: $1"
}

printf 'x' | dd of="$work/Image.acme" bs=1 seek=1000 conv=notrunc status=none
status=0
"${plan[@]}" --kernel "$work/Image.acme" > /dev/null 2> "$work/errors" || status=$?
expect_refusal "acme1: the payload's CRC-32 is 0x"
step "a damaged container is refused with the plugin's reason"

rm "$installed"
status=0
"${plan[@]}" --kernel "$work/Image" > /dev/null 2> "$work/errors" || status=$?
expect_refusal 'required plugin "acme-board" is not there'
step "without the plugin its profile is refused"
echo "sdk: passed"
