#!/bin/bash
# arm64-faults.sh WRITER CC ELF WORDS -- the arm64 purgatory and every fault at every stage and exception level, in one emulator.
#
# How to run:  ctest -R arm64-purgatory-faults (or with the paths: kxf_arm64_purgatory_writer, an arm64 C compiler, the purgatory
#              as it was linked, kxf_breadcrumb_words)
# Expect:      "ok NAME" for each case, and "purgatory: N cases, 0 failed"; 77 when QEMU is missing
# Time:        8 s; no more than a minute
#
# What each case makes happen, by a change of memory before the purgatory starts, and what must be seen: the report on the
# console with vector, exception level, stage and registers, the CPU at that vector's own address, the breadcrumb's words, and
# no kernel. Stages are reached at functions of the purgatory, whose first instructions are replaced:
#
#   stage                                       at                            MMU
#   before the MMU is on                        kxf_mmu_maps                  off
#   as the MMU goes on                          kxf_mmu_sum                   on
#   while segments are brought to their places  kxf_before_stores             on; off where it stays off
#   while segments are verified                 kxf_sha256_instructions       on; off where it stays off
#   after the segments were verified            kxf_mmu_off, its return       on, off
#
#   what happens                                by
#   a load from where nothing is                two instructions
#   a jump to where nothing is                  two instructions
#   an SError                                   SMC: a monitor at EL3 hands it down
#
# at EL1, EL2 and EL2 with E2H: all combinations. What cannot happen:
#
#   IRQ and FIQ                  masked from the first instruction on; vectors 5 and 6 are entered by the monitor alone
#   vectors 0 to 3               SP_EL0 is not used; entered by the monitor alone
#   vectors 8 to 15              there is no lower level; entered by the monitor alone
#   anything in the last twenty instructions, behind kxf_purgatory(): SErrors are masked and wait for the next kernel; there are
#                                two loads, from the purgatory's own parameters, which it has read before
#   a mapping that is missing as the MMU goes on: code, stack and console are looked up before (tables that are damaged), so
#                                the case that remains is a TTBR0 that is not the tables': then nothing can be said, and the
#                                CPU stays at vector 4, from which it cannot fetch
set -eu
writer=$1 elf=$3 words=$4
. "$(dirname "$0")/lib.sh" qemu-system-aarch64 "$2"
breadcrumb=0x4d000000 purgatory=0x4a000000 nowhere=0x3f00000000
assemble "$here/arm64-fault-kernel.S" kernel -Wl,-Ttext=0
head -c 100001 /dev/urandom > "$work/initrd.bin"      # no multiple of a SHA-256 block
"$writer" "$work" pages=4K breadcrumb=$breadcrumb places > "$work/places"

# at NAME: the address of what the writer names, or of a function of the purgatory
declare -A places=()
while read -r kind name address; do [ "$kind" != place ] || places[$name]=$address; done < "$work/places"
while read -r address _ name; do places[$name]=$((purgatory + 0x$address)); done < <("${2%gcc}nm" "$elf")
at() { [ -n "${places[$1]:-}" ] || { echo "no place $1" >&2; exit 1; }; printf '%d' "${places[$1]}"; }

# returns NUMBER: the address of the NUMBER-th return behind kxf_mmu_off
returns() {
  local address=$((places[kxf_mmu_off])) left=$1 word
  for word in $(od -An -v -tx4 -w4 -j $((address - purgatory)) -N 1024 "$work/purgatory.bin"); do
    [ "$word" != d65f03c0 ] || left=$((left - 1))
    [ "$left" != 0 ] || { echo "$address"; return; }
    address=$((address + 4))
  done
}
places[left-el1]=$(returns 1) places[left-el2]=$(returns 2)

# ---- cases ----

names=() wanted=()
: > "$work/cases.inc"
declare -A level=([el1]=0 [el2]=1 [host]=2)

# add NAME HOW CHANGE... -- REGEX...: HOW is el1, el2 or host (EL2 with E2H); a change is ADDRESS=VALUE (32 bits) or
# ADDRESS^VALUE (bits to flip); the run must say something that matches each regular expression
add() {
  local name=$1 how=$2 changes=() change
  shift 2
  while [ "$1" != -- ]; do changes+=("$1"); shift; done
  shift
  {
    echo ".quad ${level[$how]}, ${#changes[@]}"
    for change in ${changes[@]+"${changes[@]}"}; do
      case $change in
        *=*) echo ".quad ${change%=*}, ${change#*=}" ;;
        *^*) echo ".quad $((${change%^*} + 1)), ${change#*^}" ;;
      esac
    done
  } >> "$work/cases.inc"
  names+=("$how: $name")
  wanted+=("$(printf '%s\n' "$@")")
}

# code ADDRESS WORD...: these instructions there
code() {
  local address=$1 word
  shift
  for word; do echo "$address=$word"; address=$((address + 4)); done
}
movz=0xd2c007e9                        # mov x9, #NOWHERE
load() { code "$1" $movz 0xf9400129; } # ldr x9, [x9]
jump() { code "$1" $movz 0xd61f0120; } # br x9
smc() { code "$1" "$(printf '0x%x' $((0xd4000003 | $2 << 5)))"; }
quad() { echo "$1=$(($2 & 0xffffffff)) $(($1 + 4))=$(($2 >> 32))"; }

# vector N: the CPU stays there
vector() { printf 'ENDED at a vector, PC %016x' $((places[kxf_vectors] + $1 * 0x80)); }
# reported VECTOR KIND LEVEL STAGE ESR ELR FAR PHASE: what each exception must show
reported() {
  local registers="ESR $5, ELR $6, FAR $7, SP 0x4a01[0-2][0-9a-f]{3}"
  vector "$1"
  printf '\nkxf: exception, vector %s \\(%s\\) at EL%s %s\nkxf: %s; the kernel is not entered\n' "$1" "$2" "$3" "$4" "$registers"
  printf 'jump 1: the purgatory %s and took an exception, vector %s \\(%s\\) at EL%s: %s\n' "$8" "$1" "${2%%,*}" "$3" "$registers"
}
# add_reported NAME HOW PLACE CHANGES -- as for reported
add_reported() {
  local name=$1 how=$2 replaced=$3 lines
  shift 4
  mapfile -t lines < <(reported "$@")
  # shellcheck disable=SC2086  # words
  add "$name" "$how" $replaced -- "${lines[@]}"
}

any='0x[0-9a-f]+'
data='0x9[67][0-9a-f]{3}0'               # EC of a data abort; at EL2 an emulated CPU says more of the access
stages=('before the MMU is on' 'as the MMU goes on' 'while segments are brought to their places' 'while segments are verified'
  'after the segments were verified')
for how in el1 el2 host; do
  el=2 left=left-el2
  [ "$how" != el1 ] || el=1 left=left-el1
  add 'nothing is wrong' $how -- 'ENDED in the kernel' 'verifying 2 segments ... ok, MMU on' 'jump 1: the purgatory entered the kernel'

  # stage x kind. FSC: 0x10 is an external abort, 4 to 7 a missing translation (ESR_ELx, ISS of aborts); above what the tables
  # cover it is a missing translation of the level at which the walk begins.
  for point in "0 kxf_mmu_maps off had started" "1 kxf_mmu_sum on was turning the MMU on" \
    "2 kxf_before_stores on was bringing the segments to their places" "2 kxf_before_stores stays was bringing the segments to their places" \
    "3 kxf_sha256_instructions on was verifying segment 0 \\(kernel\\) of 2" "3 kxf_sha256_instructions stays was verifying segment 0 \\(kernel\\) of 2" \
    "4 kxf_mmu_off on was entering the kernel" "4 $left off was entering the kernel"; do
    read -r stage place mmu phase <<< "$point"
    address=$(at "$place") off='' fsc='0[4-7]' where="$place, MMU $mmu"
    [ "$mmu" = on ] || fsc=10
    [ "$mmu" != stays ] || off=$(quad "$(at tables)" 0)
    [ "$stage" != 2 ] || off+=" $(at moves)=1"         # one that moves nothing
    add_reported "a load from nowhere at $where" $how "$(load "$address") $off" -- 4 synchronous $el "${stages[stage]}" "$data$fsc" \
      "$(printf '0x%x' $((address + 4)))" $nowhere "$phase"
    add_reported "a jump to nowhere at $where" $how "$(jump "$address") $off" -- 4 synchronous $el "${stages[stage]}" "0x860000$fsc" \
      $nowhere $nowhere "$phase"
    add_reported "an SError at $where" $how "$(smc "$address" 7) $off" -- 7 SError $el "${stages[stage]}" 0xbe000011 \
      "$(printf '0x%x' "$address")" "$any" "$phase"
  done

  # each vector
  for number in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
    kinds=(synchronous IRQ FIQ SError) kind=${kinds[number % 4]}
    [ $number -ge 4 ] || kind+=', with SP_EL0'
    [ $number -lt 8 ] || kind+=', from a lower level'
    mapfile -t lines < <(vector $number
      printf '\nkxf: exception, vector %s \\(%s\\) at EL%s while segments are verified' $number "$kind" $el
      printf '\nwas verifying segment 0 .* and took an exception, vector %s \\(%s\\) at EL%s:' $number "${kinds[number % 4]}" $el)
    # shellcheck disable=SC2046  # words
    add "vector $number" $how $(smc "$(at kxf_sha256_instructions)" $number) -- "${lines[@]}"
  done

  # segments: a bit of the first byte, of one in the middle, of the last
  for point in '0 kernel 0x40200000 1' '0 kernel 0x40200200 0x10000' '1 initrd 0x48000000 0x80' '1 initrd 0x4800c000 0x1000000' \
    '1 initrd 0x480186a0 0x80'; do
    read -r number name address bit <<< "$point"
    for off in '' "$(quad "$(at tables)" 0)"; do
      # shellcheck disable=SC2086  # words
      add "$name is damaged at $address${off:+, MMU off}" $how "$address^$bit" $off -- 'ENDED by WFI' \
        'kxf: verifying 2 segments ... failed' \
        "kxf: segment $number \\($name\\) at 0x4[08][0-9a-f]+, [0-9]+ bytes: SHA-256 does not match; the kernel is not entered" \
        "jump 1: the purgatory verified segment $number \\($name\\) of 2 and did not find its SHA-256"
    done
  done

  # tables: an entry that is gone, that has another address, that allows something else. What a report needs is missed before
  # the MMU is on, all else by the sum.
  for point in 'root valid 0 0x1' 'root table 0 0x10000000' 'code valid 0 1' 'code address 0 0x8000' 'code execute-never 4 0x200000' \
    'data valid 0 1' 'data read-only 0 0x80' 'console valid 0 1' 'console attribute 0 0x4' 'console address 4 1' \
    'breadcrumb valid 0 1' 'breadcrumb attribute 0 0x4'; do
    read -r name what offset bit <<< "$point"
    add "tables: $name, $what" $how "$(($(at "$name-entry") + offset))^$bit" -- 'ENDED by WFI' \
      'kxf: the page tables at 0x4a[0-9a-f]+ do not map the purgatory and its console; the kernel is not entered' \
      'jump 1: the purgatory stopped: the page tables are damaged'
  done
  for point in 'initrd-entry valid 0 1' 'initrd-entry address 4 1' 'initrd-entry writable 0 0x80' 'kernel-entry executable 4 0x400000' \
    'unused-entry valid 0 1' 'sum told 0 1'; do
    read -r name what offset bit <<< "$point"
    add "tables: $name, $what" $how "$(($(at "$name") + offset))^$bit" -- 'ENDED by WFI' \
      'kxf: the page tables at 0x4a[0-9a-f]+ are not those of the plan; the kernel is not entered' \
      'jump 1: the purgatory stopped: the page tables are damaged'
  done
  # shellcheck disable=SC2046  # words
  add_reported 'tables where nothing is' $how "$(quad "$(at tables)" $nowhere)" -- 4 synchronous $el "${stages[0]}" "${data}10" \
    '0x4a00[0-9a-f]+' '0x3f[0-9a-f]+' 'had started'
  # shellcheck disable=SC2046
  add 'TTBR0 elsewhere: the PC tells' $how $(quad "$(at ttbr0)" 0x4e000000) -- "$(vector 4)" 'jump 1: the purgatory was turning the MMU on'

  # a CPU without what the plan counts on: pages of 32 KiB and 60 bits of address, which none has
  for point in 'granule-bits 15 32 KiB pages' 'output-bits 60 60-bit addresses'; do
    read -r name value what <<< "$point"
    add "no $what" $how "$(at "$name")=$value" -- "kxf: this CPU has no $what \\(ID_AA64MMFR0_EL1 $any\\): the MMU stays off" \
      'kxf: verifying 2 segments ... ok[^,]' 'ENDED in the kernel' 'jump 1: the purgatory entered the kernel'
  done

  # a console where nothing is: silence, but the PC and the breadcrumb tell; a breadcrumb where nothing is: the console tells
  # shellcheck disable=SC2046
  add 'a console where nothing is' $how $(quad "$(at console-base)" $nowhere) -- "$(vector 4)" \
    "had started and took an exception, vector 4 \\(synchronous\\) at EL$el: ESR ${data}10, ELR 0x4a00[0-9a-f]+, FAR 0x3f00000018"
  # shellcheck disable=SC2046
  add 'a breadcrumb where nothing is' $how $(quad "$(at breadcrumb-start)" $nowhere) -- "$(vector 4)" \
    "kxf: exception, vector 4 \\(synchronous\\) at EL$el before the MMU is on" "FAR $nowhere" 'no breadcrumb'
done

# ---- run all, look at each ----

size=$(stat -c %s "$work/purgatory.bin")
assemble "$here/arm64-faults.S" first -Wl,-Ttext=0x41000000 "-I$work" -march=armv8-a -DPURGATORY_BYTES="$size" \
  -DVECTORS=$((places[kxf_vectors] - purgatory)) -DBREADCRUMB=$breadcrumb -DBREADCRUMB_WORDS=21
# shellcheck disable=SC2046  # two words each
emulate '^= END' -M virt,gic-version=2,virtualization=on,secure=on -cpu max -smp 1 -m 512M -serial chardev:console \
  $(in_memory first 0x41000000) $(in_memory kernel 0x40200000) $(in_memory initrd 0x48000000) $(in_memory purgatory 0x44000000) \
  -device loader,addr=0x41000000,cpu-num=0 2> "$work/errors"
tr -d '\r' < "$work/console" | "$words" > "$work/all"

# look NUMBER: the case's part of the console is in the variable `seen`
look() {
  local regex missing=
  while read -r regex; do [[ $seen =~ $regex ]] || missing+=" [$regex]"; done <<< "${wanted[$1]}"
  cases=$((cases + 1))
  if [ -z "$missing" ]; then echo "ok      ${names[$1]}"
  else
    failed=$((failed + 1))
    echo "NOT OK  ${names[$1]}: not seen:$missing"
    printf '%s\n' "$seen"
  fi
}
number=-1 seen=
while IFS= read -r line; do
  if [[ $line == '= '* ]]; then
    [ $number -lt 0 ] || look $number
    number=$((number + 1)) seen=
  else
    seen+=$line$'\n'
  fi
done < "$work/all"
[ $number = ${#names[@]} ] || { echo "NOT OK  ${#names[@]} cases, and $number ended"; failed=$((failed + 1)); tail -5 "$work/all"; }
summary
