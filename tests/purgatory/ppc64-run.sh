#!/bin/bash
# ppc64-run.sh WRITER CC -- the ppc64 purgatory in an emulator, between two small programs.
#
# How to run:  ctest -R ppc64-purgatory (or with the two paths: kxf_ppc64_purgatory_writer, a C compiler for 64-bit Power)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        15 s; a case that hangs ends after a minute
set -eu
writer=$1
. "$(dirname "$0")/lib.sh" qemu-system-ppc64 "$2"
. "$here/ppc64-lib.sh"
program first-opal 0x20010000
head -c 3000001 /dev/urandom > "$work/initrd.bin"      # no multiple of a SHA-256 block

# enter ORDER CPUS WORD...: the purgatory as WORDs say
enter() {
  "$writer" "$work" "${@:3}" > /dev/null
  enter_at $purgatory_at "$1" "$2"
}

# powernv QEMU-ARGUMENT...: on powernv9, where firmware runs first and says more than we want to read, and where it is: to $work/opal
powernv() {
  emulate "$last_words" -M powernv9 -smp 1 -m 1G -serial chardev:console "$@"
  sed -n -E 's/^KERNEL .* r8=(0*[1-9a-f][0-9a-f]*) r9=([0-9a-f]*) .*/base=0x\1 entry=0x\2/p' "$work/console" > "$work/opal"
  sed -n -i -E '/^(kxf:|KERNEL)/{s/ r8=0*[1-9a-f][0-9a-f]* r9=0*[1-9a-f][0-9a-f]*/ r8=OPAL r9=OPAL/;p}' "$work/console"
}

# run_opal: what is there, after a kernel on powernv9
run_opal() {
  # shellcheck disable=SC2046  # each word is two arguments
  powernv -kernel "$work/first-opal.elf" $(word 0x2f000000 0xa000000) $(word 0x2f000008 "$(cat "$work/opal-at")") $(segments)
}

from_big='kxf: purgatory, CPU 7, from a big-endian kernel'
from_little='kxf: purgatory, CPU 7, from a little-endian kernel'
entering='kxf: entering the kernel at 0x2000000, device tree 0xf000000'
# registers LITTLE: SF on; EE, PR, FP, IR and DR off; LE as the kernel wants it, now and in exceptions; the tree names the CPU
# that entered
registers() { echo "KERNEL r3=000000000f000000 r4=0000000002000000 r5=0000000000000000 r8=0000000000000000 r9=0000000000000000 msr=800000000000000$1 boot-cpu=0000000000000007 trap=000000000000000$1"; }
zero=0000000000000000
unsaved="saved=$zero,$zero vectors=$zero,$zero"
none="KERNEL others=0000000000000000,0000000000000000,0000000000000000 $unsaved"
one="KERNEL others=0000000000000001,0000000000000000,0000000000000000 $unsaved"
three="KERNEL others=0000000000000001,0000000000000002,0000000000000003 $unsaved"

# damage NAME OFFSET: the byte there has another bit
damage() {
  local byte
  byte=$(od -An -tu1 -j "$2" -N 1 "$work/$1.bin")
  printf '%b' "$(printf '\\x%02x' $((byte ^ 16)))" | dd of="$work/$1.bin" bs=1 seek="$2" conv=notrunc status=none
}
# hex KEY=NUMBER: the number as the purgatory prints it
hex() { printf '0x%x' "${1#*=}"; }
verified='kxf: verifying 6 segments ... ok'

enter 0 4
expect 'big to big, 4 CPUs, all digests match' '' "$from_big" "$verified" "$entering" "$(registers 0)" "$three"
enter 1 2 little
expect 'little to little, 2 CPUs, all digests match' '' "$from_little" "$verified" "$entering" "$(registers 1)" "$one"
enter 1 2
expect 'little to big' '' "$from_little" "$verified" "$entering" "$(registers 0)" "$one"
enter 0 1 little
expect 'big to little' '' "$from_big" "$verified" "$entering" "$(registers 1)" "$none"
enter 1 1 none
expect 'nothing to verify' '' "$from_little" "$entering" "$(registers 0)" "$none"
enter 1 1 silent
expect 'no console' "$(registers 0)" "$none"
cpu=POWER7 enter 0 1
expect "a CPU without instructions for SHA-256" '' "$from_big" "$verified" "$entering" "$(registers 0)" "$none"
enter 0 1 whole
expect 'fewer segments than lanes' '' "$from_big" 'kxf: verifying 3 segments ... ok' "$entering" "$(registers 0)" "$none"
"$writer" "$work" opal little breadcrumb > /dev/null
run_opal
opal_kernel='KERNEL r3=000000000f000000 r4=0000000002000000 r5=0000000000000000 r8=OPAL r9=OPAL msr=8000000000000001 boot-cpu=0000000000000000 trap=0000000000000000'
# The breadcrumb's first word, "kxfCRUMB" as a number
expect 'OPAL, little to little, and a breadcrumb' 'kxf: purgatory, CPU 0, from a little-endian kernel' "$verified" "$entering" \
  "$opal_kernel" "${none%saved=*}saved=$zero,424d55524366786b vectors=$zero,$zero"
read -ra opal < "$work/opal"
enter 1 2 crash
expect 'a crash kernel: the first 64 KiB are saved' '' "$from_little" "$verified" \
  'kxf: saved 65536 bytes from 0x0 to 0x9000000' "$entering" "$(registers 0)" \
  "${one%saved=*}saved=000000000a000000,0000000000005afe vectors=$zero,$zero"
enter 1 2 wild
expect 'code for other CPUs that is not the kernel'\''s' '' "$from_little" 'kxf: verifying 6 segments ... failed' \
  'kxf: the code of the secondary CPUs at 0x60 is not the kernel'\''s; the kernel is not entered'

# ---- bundles: firmware starts them, nobody has put segments anywhere ----
# bundle WORD...: at 0x20000000, where QEMU puts what skiboot starts
bundle() {
  "$writer" "$work" bundle little "${opal[@]}" "$@"
  powernv -kernel "$work/bundle.bin"
}
# brought NAME [STAGING]: all went well
brought() {
  expect "bundle: $1" 'kxf: purgatory, CPU 0, from firmware' "kxf: bundle at 0x20000000, 3 segments${2:-} ... in place" "$verified" \
    "$entering" "$opal_kernel" "$none"
}
bundle place=0x20010000 initrd=0x20100000
brought 'it lies on the first purgatory'\''s place and on a destination' ' by way of 0xe000000'
"$writer" "$work" bundle little "${opal[@]}"
damage bundle $(($(stat -c %s "$work/bundle.bin") - 64 - 64 - 1))
powernv -kernel "$work/bundle.bin"
expect 'bundle: a damaged byte' 'kxf: purgatory, CPU 0, from firmware' 'kxf: bundle at 0x20000000, 3 segments ... in place' \
  'kxf: verifying 6 segments ... failed' \
  'kxf: segment 4 (initrd#4) at 0x8225540, 749953 bytes: SHA-256 does not match; the kernel is not entered'
"$writer" "$work" bundle little "${opal[0]}" entry=0x30001234
powernv -kernel "$work/bundle.bin"
expect 'bundle: another firmware' \
  "kxf: OPAL is at $(hex "${opal[0]}"), entry $(hex "${opal[1]}"); this bundle is for firmware with OPAL at $(hex "${opal[0]}"), entry 0x30001234; the kernel is not entered"

# ---- corrupted segments: the bytes in memory are not those of the plan, each in turn ----
# corrupted INDEX NAME FILE ADDRESS SIZE OFFSET [WORD...]: that segment is the one that is named
corrupted() {
  "$writer" "$work" "${@:7}" > /dev/null
  damage "$3" "$6"
  enter_at $purgatory_at 1 1
  damage "$3" "$6"
  expect "segment $1 is damaged at byte $6${7:+, $7}" '' "$from_little" 'kxf: verifying 6 segments ... failed' \
    "kxf: segment $1 ($2) at $4, $5 bytes: SHA-256 does not match; the kernel is not entered"
}
kernel_size=$(stat -c %s "$work/kernel.bin")
corrupted 0 kernel kernel 0x2000000 "$kernel_size" $((kernel_size - 1))
corrupted 1 'initrd#1' initrd 0x8000000 750016 0
corrupted 2 'initrd#2' initrd 0x80b71c0 750016 750016
corrupted 3 'initrd#3' initrd 0x816e380 750016 2250047
corrupted 4 'initrd#4' initrd 0x8225540 749953 3000000
corrupted 5 dtb tree 0xf000000 64 63
corrupted 3 'initrd#3' initrd 0x816e380 750016 2000000 portable
"$writer" "$work" > /dev/null
damage initrd 800000
damage tree 63              # whose lane is done long before
enter_at $purgatory_at 1 1
damage initrd 800000
expect 'of two damaged segments the first in the list is named' '' "$from_little" 'kxf: verifying 6 segments ... failed' \
  'kxf: segment 2 (initrd#2) at 0x80b71c0, 750016 bytes: SHA-256 does not match; the kernel is not entered'

# ---- exceptions: a report, and the CPU stays ----
elf=$(dirname "$writer")/../../plugins/ppc64/purgatory/purgatory.elf
# at NAME: the address of that symbol of the purgatory, of a function the one that calls enter
at() {
  local line value behind=0
  line=$("${cc%gcc}readelf" -sW "$elf" | grep " $1\$")
  [[ $line != *'<localentry>: 8'* ]] || behind=8
  read -r _ value _ <<< "$line"
  printf '0x%x' $((purgatory_at + 0x$value + behind))
}
# plant NAME [WORD...]: these instructions, or all zeros, which is none, at that symbol of the purgatory. A function of C begins
# with two words for callers that have another table of contents (Power Architecture ELFv2 ABI, 2.3.2.1), which ours never enter at.
plant() {
  local at words
  at=$(($(at "$1")))
  words=("${@:2}")
  for word in "${words[@]:-00000000}"; do
    printf '%b' "$(sed 's/../\\x&/g' <<< "$word")" | dd of="$work/purgatory.bin" bs=1 seek=$((at - purgatory_at)) conv=notrunc status=none
    at=$((at + 4))
  done
}
# report NAME VECTOR STAGE SRR0 DAR: SRR1 has MSR[SF], MSR[HV] with OPAL, and why it was taken; 0xe00 and on have registers of
# their own
report() {
  local h=''
  [[ $2 != 0xe* ]] || h=H
  console "$1" "^kxf: exception, vector $2 $3$" \
    "^kxf: ${h}SRR0 $4, ${h}SRR1 0x[89][0-9a-f]{15}, ${h}DAR $5, ${h}DSISR 0x[0-9a-f]+; the kernel is not entered$"
}
before='before segments are verified' while='while segments are verified' after='after the segments were verified'
any='0x[0-9a-f]+'
# illegal NAME STAGE SYMBOL ORDER [WORD...]
illegal() {
  "$writer" "$work" "${@:5}" > /dev/null
  plant "$3"
  enter_at $purgatory_at "$4" 1
  report "$1" '0x700 \(program\)' "$2" "$(at "$3")" "$any"
}
illegal 'an instruction that is none, at the start, big-endian' "$before" kxf_put_number 0
illegal 'the same, little-endian' "$before" kxf_put_number 1
illegal 'while it verifies, big-endian' "$while" kxf_sha256_lanes 0
illegal 'while it verifies, little-endian' "$while" kxf_sha256_pad 1 portable
illegal 'while it saves memory' "$after" kxf_back_up 1 crash
illegal 'before it leaves' "$after" kxf_put_entering 0
# taken NAME VECTOR DAR WORD...: the words are instructions in the code that verifies
taken() {
  "$writer" "$work" > /dev/null
  plant kxf_sha256_lanes "${@:4}"
  enter_at $purgatory_at 1 1
  report "$1" "$2" "$while" '0xa00[0-9a-f]+' "$3"
}
taken 'data storage that nothing maps' '0x380 \(data segment\)' 0x12340000 7d2000a6 61290010 7d200164 3d201234 81490000 # mfmsr; ori 9,9,0x10; mtmsrd; lis; lwz
taken 'instructions that nothing maps' '0x480 \(instruction segment\)' "$any" 7d2000a6 61290020 7d200164
taken 'an address that is not aligned' '0x600 \(alignment\)' 0x1 39200001 7d404828                                      # li 9,1; lwarx 10,0,9
taken 'VSX' '0xf40 \(VSX unavailable\)' "$any" f00004d0                                                                 # xxlxor 0,0,0

# illegal_opal NAME STAGE SYMBOL
illegal_opal() {
  "$writer" "$work" opal little > /dev/null
  plant "$3"
  run_opal
  report "$1" '0xe40 \(hypervisor emulation assistance\)' "$2" "$(at "$3")" "$any"
}
illegal_opal 'OPAL: while it verifies' "$while" kxf_sha256_lanes
illegal_opal 'OPAL: before it leaves' "$after" kxf_put_entering
# Those below 0xe00 that have the hypervisor's registers, too. None is taken with EE off, so: li 9,0x1234; mtspr HSRR0,9;
# mtspr HSRR1,9; mtspr HDAR,9; mtspr HDSISR,9; ba 0x980.
"$writer" "$work" opal little > /dev/null
plant kxf_sha256_lanes 39201234 7d3a4ba6 7d3b4ba6 7d334ba6 7d324ba6 48000982
run_opal
console "OPAL: at the hypervisor decrementer's vector" "^kxf: exception, vector 0x980 \\(hypervisor decrementer\\) $while$" \
  '^kxf: HSRR0 0x1234, HSRR1 0x1234, HDAR 0x1234, HDSISR 0x1234; the kernel is not entered$'

# ---- what QEMU's monitor sees, and does ----
mkfifo "$work/monitor.in" "$work/monitor.out"
# monitored VECTOR COMMAND...: run it on pseries; when it has said something of an end, the commands go to the monitor, and then it
# is asked where the CPU is until that is VECTOR; 10 s at most. The last answer is the last line of the console.
monitored() {
  local extra=(-chardev "pipe,id=monitor,path=$work/monitor" -mon chardev=monitor) reader
  : > "$work/console"
  {
    for _ in {1..400}; do
      ! grep -qE "$last_words|exception, vector" "$work/console" || break
      sleep 0.05
    done
    for command in "${@:2}"; do
      sleep 0.2
      echo "$command"
    done
    for _ in {1..50}; do
      echo info registers
      sleep 0.2
      ! grep -aq "NIP $1" "$work/answer" || break
    done
    echo quit
  } > "$work/monitor.in" &
  timeout 30 cat "$work/monitor.out" > "$work/answer" &
  reader=$!
  until=never enter_at $purgatory_at 1 1
  wait $reader || true
  { grep -a -o 'NIP [0-9a-f]*' "$work/answer" || true; } | tail -1 >> "$work/console"
}
"$writer" "$work" > /dev/null
plant kxf_put_hex
monitored 0000000000000700
console 'an exception in the report: it stays at its vector' 'NIP 0000000000000700'
"$writer" "$work" wild > /dev/null
monitored 0000000000000100 nmi
report 'a system reset while it stays' '0x100 \(system reset\)' "$while" '0xa00[0-9a-f]+' "$any"
console 'it stays at that vector' 'NIP 0000000000000100'

summary
