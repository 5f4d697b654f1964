#!/bin/bash
# lib.sh -- what the scripts share that run a purgatory, or parts of one, in an emulator.
#
# How to use:  . lib.sh QEMU CC   first thing in such a script. Sets work, a folder that is gone at the end, and here; ends with
#              77 when the emulator or the compiler for its machine is missing.
# shellcheck disable=SC2034  # here and work are for the script that reads this
qemu=$1 cc=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for program in "$qemu" "$cc"; do
  command -v "$program" > /dev/null || { echo "$(basename "$0"): no $program"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cases=0 failed=0

# assemble SOURCE NAME [ARGUMENT...]: SOURCE and what the arguments name to $work/NAME.elf and, flat, to NAME.bin
assemble() {
  local source=$1 name=$2
  shift 2
  "$cc" -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-N -Wl,--no-warn-rwx-segments -o "$work/$name.elf" "$source" "$@"
  "${cc%gcc}objcopy" -O binary "$work/$name.elf" "$work/$name.bin" 2> /dev/null ||
    objcopy -O binary "$work/$name.elf" "$work/$name.bin"
}

# said REGEX: the console has a line that matches, and its last line has its end; QEMU writes a character at a time
said() { grep -qE "$1" "$work/console" && [ -z "$(tail -c 1 "$work/console")" ]; }

# emulate LAST QEMU-ARGUMENT...: until the machine powers off, or until its console, $work/console, has a whole line that matches
# LAST and 0.15 s have passed in which it could say more, which it should not; a minute at most. `console` is the name of the
# character device.
emulate() {
  local last=$1 waited=0 pid
  shift
  : > "$work/console"
  "$qemu" -accel tcg,tb-size=32 -nodefaults -display none -monitor none -no-reboot \
    -chardev "file,id=console,path=$work/console" "$@" < /dev/null &
  pid=$!
  while kill -0 "$pid" 2> /dev/null && [ "$waited" -lt 1200 ]; do
    waited=$((waited + 1))
    ! said "$last" || { sleep 0.15; break; }
    sleep 0.05
  done
  kill "$pid" 2> /dev/null || true
  wait "$pid" || true
}

# in_memory NAME ADDRESS: arguments that put $work/NAME.bin there
in_memory() { printf -- '-device loader,file=%s,addr=%s,force-raw=on\n' "$work/$1.bin" "$2"; }

# expect NAME LINE...: the console shows exactly these lines
expect() {
  printf '%s\r\n' "${@:2}" > "$work/expected"
  compare "$1"
}

# compare NAME: the console shows exactly what $work/expected does
compare() {
  cases=$((cases + 1))
  if cmp -s "$work/expected" "$work/console"; then echo "ok      $1"
  else
    failed=$((failed + 1))
    echo "NOT OK  $1"
    diff <(tr -d '\r' < "$work/expected") <(tr -d '\r' < "$work/console") | head -40 || true
  fi
}

# console NAME REGEX...: the console has a line for each, and the kernel was not entered
console() {
  local name=$1 regex missing=
  shift
  for regex; do tr -d '\r' < "$work/console" | grep -qE "$regex" || missing+=" [$regex]"; done
  ! grep -q KERNEL "$work/console" || missing+=' [the kernel was entered]'
  cases=$((cases + 1))
  if [ -z "$missing" ]; then echo "ok      $name"
  else
    failed=$((failed + 1))
    echo "NOT OK  $name: not on the console:$missing"
    head -20 "$work/console"
  fi
}

# summary: how many; the exit status of the script
summary() {
  echo "purgatory: $cases cases, $failed failed"
  [ "$failed" = 0 ]
}
