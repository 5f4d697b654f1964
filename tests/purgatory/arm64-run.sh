#!/bin/bash
# arm64-run.sh WRITER CC -- the arm64 purgatory in an emulator, between two small programs, and everything that can go wrong.
#
# How to run:  ctest -R arm64-purgatory (or with the two paths: kxf_arm64_purgatory_writer, an arm64 C compiler)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        30 s; a case that hangs ends after a minute
set -eu
writer=$1
. "$(dirname "$0")/lib.sh" qemu-system-aarch64 "$2"
assemble "$here/arm64-first.S" first -Wl,-Ttext=0x41000000 "-I$here"
assemble "$here/arm64-kernel.S" kernel -Wl,-Ttext=0 "-I$here"
head -c 3000001 /dev/urandom > "$work/initrd.bin"      # no multiple of a SHA-256 block

config=0x41010000
quad() { printf -- '-device loader,addr=%s,data=%s,data-len=8\n' "$((config + 8 * $1))" "$2"; }

# enter HOW WORD...: with the old kernel's work done, run it until the program behind it powers off, or until the purgatory says that it will not go on. HOW is
# el1, el2, host (EL2 with E2H and TGE), big1 and big2 (big-endian), serror-N or lost-N (EL1; at its N-th write of SCTLR_EL1 an SError becomes pending, or
# it goes on where nothing is). The variables cpu, ram and base (where the segments are) say what is under it.
cpu=cortex-a57 ram=512M base=0x40000000
enter() {
  local how=$1
  shift
  "$writer" "$work" "base=$base" "$@" > "$work/decisions"
  # shellcheck disable=SC2046  # two words each
  start "$how" $((base + 0xa000000)) $(in_memory kernel $((base + 0x200000))) $(in_memory initrd $((base + 0x8000000))) \
    $(in_memory purgatory $((base + 0xa000000)))
}

# start HOW ADDRESS ARGUMENT...: run what the arguments put into memory, from that address on
start() {
  local how=$1 address=$2 virtualization=on mode=0 number=0 memory=()
  shift 2
  case $how in
    el1) virtualization=off ;;
    el2) ;;
    host) mode=1 ;;
    big1) mode=4 virtualization=off ;;
    big2) mode=4 ;;
    serror-*) mode=2 number=${how#*-} ;;
  esac
  [ "$ram" = 512M ] || memory=(-object "memory-backend-ram,id=ram,size=$ram,reserve=off" -machine memory-backend=ram)
  # shellcheck disable=SC2046  # two words each
  emulate "${until:-not entered}" -M "virt,gic-version=3,virtualization=$virtualization" -cpu "$cpu" -smp 1 -m "$ram" \
    ${memory[@]+"${memory[@]}"} -serial chardev:console $(in_memory first 0x41000000) \
    "$@" $(quad 0 "$address") $(quad 1 $mode) $(quad 2 "$number") \
    -device loader,addr=0x41000000,cpu-num=0 ${extra[@]+"${extra[@]}"}
}

# What a good run says at exception level $1; $2 is ", MMU on" or nothing, $3 the exception level's number in the kernel's line.
lines() {
  printf '%s\r\n' '' "kxf: purgatory, EL$1" "kxf: verifying 2 segments ... ok$2" \
    "$(printf 'kxf: entering the kernel at 0x%x, device tree 0x%x' $((base + 0x200000)) $((base + 0xf000000)))" "$(kernel_line "$1")"
}
# DAIF masked; of SCTLR the bits EE, I, C and M, as they were found; no register with another value
ee=0
kernel_line() {
  printf 'KERNEL x0=%016x x1=%016x x2=%016x x3=%016x daif=%016x el=%016x sctlr=%016x changed=%016x' \
    $((base + 0xf000000)) 0 0 0 0x3c0 $(($1 * 4)) $ee 0
}
good() { # NAME EL MMU
  lines "$2" "$3" > "$work/expected"
  compare "$1"
}
on=', MMU on'

# ---- without the MMU: nothing to verify, or purgatory.mmu = "off" ----
enter el1;                         good 'EL1, MMU off' 1 ''
enter el2;                         good 'EL2, MMU off' 2 ''
enter el1 nocache;                 good 'instruction cache left off' 1 ''
enter el1 portable;                good "MMU off, SHA-256 without the CPU's instructions" 1 ''
enter el1 pages=4K off;            good 'purgatory.mmu = "off"' 1 ''
enter el1 pages=4K none
expect 'nothing to verify' '' 'kxf: purgatory, EL1' 'kxf: entering the kernel at 0x40200000, device tree 0x4f000000' "$(kernel_line 1)"
enter el1 bad=1
expect 'a digest that does not match, MMU off' '' 'kxf: purgatory, EL1' 'kxf: verifying 2 segments ... failed' \
  'kxf: segment 1 (initrd) at 0x48000000, 3000001 bytes: SHA-256 does not match; the kernel is not entered'

# ---- with the MMU: exception levels, granules, places ----
enter el1 pages=4K;                good 'EL1, 4 KiB pages' 1 "$on"
enter el2 pages=4K;                good 'EL2, 4 KiB pages' 2 "$on"
enter el1 pages=64K;               good 'EL1, 64 KiB pages' 1 "$on"
enter el2 pages=64K;               good 'EL2, 64 KiB pages' 2 "$on"
enter el1 pages=4K portable;       good "MMU on, SHA-256 without the CPU's instructions" 1 "$on"
enter el1 pages=4K nocache;        good 'MMU on, instruction cache left off outside' 1 "$on"
cpu=max
for pages in 4K 16K 64K; do
  enter el1 pages=$pages;          good "EL1, $pages, newest CPU" 1 "$on"
  enter el2 pages=$pages;          good "EL2, $pages, newest CPU" 2 "$on"
  enter host pages=$pages;         good "EL2 with E2H, $pages" 2 "$on"
done
for base in 0x140000000 0x8080000000; do
  ram=$(((base - 0x20000000) >> 20))M
  enter el1 pages=4K;              good "RAM at $base, EL1, 4K" 1 "$on"
  enter el2 pages=16K;             good "RAM at $base, EL2, 16K" 2 "$on"
  enter host pages=64K;            good "RAM at $base, EL2 with E2H, 64K" 2 "$on"
done
cpu=cortex-a57 ram=512M base=0x40000000

# ---- bundles: wherever the image is, the segments get to their places ----
# bundle OFFSET HOW WORD...: start it so far behind the base
bundle() {
  local image=$((base + $1)) how=$2
  shift 2
  "$writer" "$work" "base=$base" bundle "$@" > "$work/decisions"
  # shellcheck disable=SC2046  # two words each
  start "$how" $image $(in_memory bundle $image)
}
# brought NAME OFFSET EL MMU STAGING
brought() {
  {
    lines "$3" "$4" | head -2
    printf 'kxf: bundle at 0x%x, 2 segments%s ... in place%s\r\n' $((base + $2)) "$5" "$4"
    lines "$3" "$4" | tail -3
  } > "$work/expected"
  compare "bundle: $1"
}
staged() { printf ' by way of 0x%x' $((base + $1)); }
"$writer" "$work" bundle pages=4K > "$work/decisions"      # its size, for places that it overlaps by a page
size=$((($(stat -c %s "$work/bundle.bin") + 0xfff) & ~0xfff))
head -c 200000 /dev/zero | tr '\0' 5 > "$work/old.bin"       # what was in memory before
# shellcheck disable=SC2207  # two words each
extra=($(for offset in 0x200000 0x82c0000 0xa000000; do in_memory old $((base + offset)); done))
bundle 0x4000000 el1 pages=4K;    brought 'old bytes where everything goes' 0x4000000 1 "$on" ''
bundle 0x4000000 el1;             brought 'old bytes where everything goes, MMU off' 0x4000000 1 '' ''
extra=()
bundle 0x4000000 el2 pages=4K portable nocache; brought 'EL2, 4K' 0x4000000 2 "$on" ''
bundle $((0xa000000 - size + 0x1000)) el1 pages=4K; brought 'ends on the first place' $((0xa000000 - size + 0x1000)) 1 "$on" ''
bundle 0xa000000 el1 pages=64K;   brought 'on the first place' 0xa000000 1 "$on" ''
bundle $((0xc000000 - size + 0x1000)) el2; brought 'ends on the second place, MMU off' $((0xc000000 - size + 0x1000)) 2 '' ''
bundle 0x200000 el1 pages=4K;     brought "its head alone on the kernel's place" 0x200000 1 "$on" ''
bundle 0x180000 el1 pages=4K;     brought "on the kernel's place" 0x180000 1 "$on" "$(staged 0xe000000)"
bundle 0x180000 el2;              brought "on the kernel's place, MMU off" 0x180000 2 '' "$(staged 0xe000000)"
bundle 0x7f00000 el1 pages=4K;    brought "on the initrd's place, from below" 0x7f00000 1 "$on" "$(staged 0xe000000)"
bundle 0x8200000 el1 pages=4K staging=0x8400000; brought 'up, over itself' 0x8200000 1 "$on" "$(staged 0x8400000)"
bundle 0x7e00000 el1 staging=0x7c00000; brought 'down, over itself, MMU off' 0x7e00000 1 '' "$(staged 0x7c00000)"
cpu=max
for pages in 4K 16K 64K; do bundle 0x8200000 host pages=$pages; brought "EL2 with E2H, $pages" 0x8200000 2 "$on" "$(staged 0xe000000)"; done
for base in 0x140000000 0x8080000000; do
  ram=$(((base - 0x20000000) >> 20))M
  bundle 0x8200000 el2 pages=64K; brought "RAM at $base, EL2, 64K" 0x8200000 2 "$on" "$(staged 0xe000000)"
  bundle 0x4000000 el1 pages=4K;  brought "RAM at $base, EL1, 4K" 0x4000000 1 "$on" ''
done
cpu=cortex-a57 ram=512M base=0x40000000
bundle 0x18000000 el2 pages=4K
{
  lines 2 '' | head -2
  printf 'kxf: bundle at 0x58000000, outside of the memory that the plan maps: the MMU goes off\r\n'
  printf 'kxf: bundle at 0x58000000, 2 segments ... in place\r\n'
  lines 2 '' | tail -3
} > "$work/expected"
compare 'bundle: in memory that the plan does not know'
bundle 0x4000000 el1 pages=4K none
{
  lines 1 '' | head -2
  printf 'kxf: bundle at 0x44000000, 2 segments ... in place, MMU on\r\n'
  lines 1 '' | tail -2
} > "$work/expected"
compare 'bundle: nothing to verify'

# ---- from a big-endian kernel ----
ee=0x2000000
enter big1 pages=4K;              good 'EL1, entered big-endian' 1 "$on"
enter big2 pages=64K;             good 'EL2, entered big-endian' 2 "$on"
bundle 0xa000000 big1 pages=4K;   brought 'EL1, entered big-endian' 0xa000000 1 "$on" ''
bundle 0x4000000 big2;            brought 'EL2, entered big-endian, MMU off' 0x4000000 2 '' ''
ee=0

# ---- how much of it runs with the MMU off: as much for 3 MB as for 12 ----
# Counted by a plugin of QEMU's translator. The phases are those between writes of SCTLR: EE, I, MMU on, off, as found.
cc -shared -fPIC -O2 -o "$work/count.so" "$here/count.c"
# counted NAME MOST-INSTRUCTIONS COMMAND...: no more than that per byte, and less than 10,000 data accesses with the MMU off
counted() {
  local name=$1 most=$2 bytes instructions off
  shift 2
  extra=(-plugin "$work/count.so,start=0x4a000000,end=0x4a010000")
  "$@" 2> "$work/phases"
  extra=()
  bytes=$(($(stat -c %s "$work/initrd.bin") + $(stat -c %s "$work/kernel.bin")))
  read -r instructions off < <(awk '/^phase/ { all += $3; if ($2 != 3) off += $4 } END { print all, off }' "$work/phases")
  cases=$((cases + 1))
  if grep -q KERNEL "$work/console" && [ "${off:-99999}" -lt 10000 ] && [ "$instructions" -lt $((most * bytes)) ]; then
    echo "ok      $name: $instructions instructions for $bytes bytes, $off data accesses with the MMU off"
  else
    failed=$((failed + 1))
    echo "NOT OK  $name: ${instructions:-no} instructions for $bytes bytes, ${off:-no} data accesses with the MMU off"
    cat "$work/phases"
  fi
}
counted '3 MB' 3 enter el1 pages=4K
counted "3 MB, SHA-256 without the CPU's instructions" 26 enter el1 pages=4K portable
counted 'bundle, 3 MB' 3 bundle 0x4000000 el1 pages=4K
counted 'bundle, 3 MB, by way of staging' 3 bundle 0x8200000 el1 pages=4K
head -c 12000001 /dev/urandom > "$work/initrd.bin"
counted '12 MB' 2 enter el1 pages=64K
counted 'bundle, 12 MB' 3 bundle 0x8200000 el1 pages=64K
head -c 3000001 /dev/urandom > "$work/initrd.bin"

# ---- what was damaged, or is missing; more of it, at each stage and level: arm64-faults.sh ----
bundle 0x4000000 el1 pages=4K corrupt
console 'bundle: a byte is not what it was' '^kxf: bundle at 0x44000000, 2 segments ... in place, MMU on$' \
  '^kxf: verifying 2 segments ... failed$' '^kxf: segment 1 \(initrd\) at 0x48000000, .*: SHA-256 does not match; the kernel is not entered$'

# ---- a CPU that is not what the plan took it for: slow, and said ----
enter el1 pages=16K
console_was='kxf: this CPU has no 16 KiB pages (ID_AA64MMFR0_EL1 0x1124): the MMU stays off'
{ lines 1 '' | head -2; printf '%s\r\n' "$console_was"; lines 1 '' | tail -3; } > "$work/expected"
compare 'a CPU without the granule'
cpu=cortex-a53 base=0x8080000000 ram=$(((0x8080000000 - 0x20000000) >> 20))M
enter el1 pages=4K;                good '40 bits of address are enough above 512 GiB' 1 "$on"
cpu=cortex-a57 ram=512M base=0x40000000

enter el1 pages=64K console-entry
console 'the console is not mapped' '^kxf: the page tables at .* do not map the purgatory and its console; the kernel is not entered$'

# ---- exceptions: a report, and the CPU stays ----
# report NAME VECTOR EL STAGE ESR-REGEX ELR-REGEX
report() {
  console "$1" "^kxf: exception, vector $2 \(.*\) at EL$3 $4$" \
    "^kxf: ESR $5, ELR $6, FAR 0x[0-9a-f]+, SP 0x[0-9a-f]+; the kernel is not entered$"
}
moving='while segments are brought to their places'
before='before the MMU is on' going='as the MMU goes on' while='while segments are verified' after='after the segments were verified'
purgatory='0x4a00[0-9a-f]+'
for how in el1 el2; do
  el=${how#el}
  enter $how pages=4K unmapped
  report "$how: the initrd is not mapped" 4 "$el" "$while" '0x9[67][0-9a-f]+0[4-7]' "$purgatory"
  bundle 0x4000000 $how pages=4K unmapped
  report "$how: bundle: the initrd's place is not mapped" 4 "$el" "$moving" '0x9[67][0-9a-f]+4[4-7]' "$purgatory"
  enter $how pages=4K console-unmapped
  report "$how: the console's own mapping is missing" 4 "$el" "$while" '0x9[67][0-9a-f]+0[4-7]' "$purgatory"
done
cpu=max
enter host pages=16K unmapped
report 'EL2 with E2H: the initrd is not mapped' 4 2 "$while" '0x9[67][0-9a-f]+0[4-7]' "$purgatory"
# SCTLR_EL1 is written for EE, for I, for the MMU on, off, and as it was found.
enter serror-2 pages=4K; report 'SError before the MMU is on' 7 1 "$before" '0xbe[0-9a-f]+' "$purgatory"
enter serror-3 pages=4K; report 'SError while the MMU is on' 7 1 "$going" '0xbe[0-9a-f]+' "$purgatory"
enter serror-4 pages=4K; report 'SError after the MMU was on' 7 1 "$after" '0xbe[0-9a-f]+' "$purgatory"
cpu=cortex-a57
summary
