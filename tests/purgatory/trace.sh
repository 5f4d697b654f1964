#!/bin/bash
# trace.sh ARCHITECTURE TRACES SINK CC FLAG... -- the purgatory's interpreter of console programs, in an emulator, beside the host's.
#
# How to run:  ctest -R purgatory-trace (or: the architecture, kxf_purgatory_traces, the purgatory's sink.c.o, and the compiler
#              and the flags that made it)
# Expect:      "ok NAME" and "purgatory: 1 cases, 0 failed", or the first lines in which the traces differ; 77 when QEMU is missing
# Time:        2 s; a trace that does not end is cut off after a minute
set -eu
architecture=$1 traces=$2 sink=$3
case $architecture in
  arm64) emulator=qemu-system-aarch64 order=little start=0x40200000 script=0x41000000 ;;
  ppc64) emulator=qemu-system-ppc64 order=big start=0 script=0x2000000 ;;
  *) echo "trace.sh: unknown architecture $architecture"; exit 2 ;;
esac
. "$(dirname "$0")/lib.sh" "$emulator" "$4"
flags=("${@:5}")

"$traces" "$work" "$order"
assemble "$here/$architecture-trace.S" trace "-Wl,-Ttext=$start" "${flags[@]}" "$here/trace.c" "$sink"
case $architecture in
  arm64)
    # shellcheck disable=SC2046  # two words each
    emulate '^end$' -M virt -cpu cortex-a57 -m 64M -serial chardev:console $(in_memory trace "$start") \
      $(in_memory script "$script") -device "loader,addr=$start,cpu-num=0"
    ;;
  ppc64)
    # The capabilities are those that an emulated CPU does not have; QEMU prints a warning for each.
    # shellcheck disable=SC2046  # two words each
    emulate '^end$' -M pseries,ic-mode=xics,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off -cpu POWER8 \
      -m 256M -bios "$work/trace.bin" -device spapr-vty,chardev=console,reg=0x30000001 $(in_memory script "$script")
    ;;
esac
# Each UART is ready, busy, and never ready.
uarts=("$here"/../../config/uarts/*.toml) count=$(grep -c '^= ' "$work/expected")
[ "$count" -ge $((3 * ${#uarts[@]})) ] || { echo "trace.sh: $count programs of ${#uarts[@]} UARTs"; exit 1; }
compare "$architecture: $count programs, $(wc -l < "$work/expected") lines of trace"
summary
