# shellcheck shell=bash
# spin-table.sh -- virt as a board without PSCI, whose CPUs wait in a spin table of our own firmware.
#
# How to use:  in a case: . "$HARNESS/spin-table.sh"; the kernel is in EL1, or in EL2 with
#              MACHINE=its=off,secure=on,virtualization=on
# Expect:      as with any other board; the console begins with "FIRMWARE: ..."
# Time:        6 s to the first kernel's init
#
# QEMU offers no such machine: spin-table.S is the boot ROM, the kernel, its initrd and a changed device tree are put into
# memory as they are. Each CPU has a release word of its own, in memory that the tree reserves, as firmware should do it.

# shellcheck disable=SC2034  # read by lib.sh
SMP=4 THREADS=single MACHINE=its=off,secure=on,virtualization=off
PEN=0x40100000 FIRST_KERNEL=0x40200000 FIRST_TREE=0x4f000000 FIRST_INITRD=0x50000000
put() { QEMU+=(-device "loader,file=$1,addr=$2,force-raw=on"); }

started_by() { # KERNEL INITRD COMMAND-LINE
  local tree=$CASE/board.dtb rom=$CASE/spin-table n
  aarch64-linux-gnu-gcc -nostdlib -static -Wl,-N,-Ttext=0,--build-id=none,--no-warn-rwx-segments \
    -DPEN="$PEN" -DKERNEL="$FIRST_KERNEL" -DTREE="$FIRST_TREE" -o "$rom.elf" "$HARNESS/spin-table.S"
  aarch64-linux-gnu-objcopy -O binary "$rom.elf" "$rom.bin"
  QEMU+=(-bios "$rom.bin")

  "${QEMU[@]}" -M "dumpdtb=$tree" -display none 2>/dev/null
  fdtput -r "$tree" /psci 2>/dev/null || true      # with a boot ROM in EL3 there may be none
  for ((n = 0; n < SMP; n++)); do
    fdtput -t s "$tree" "/cpus/cpu@$n" enable-method spin-table
    fdtput -t x "$tree" "/cpus/cpu@$n" cpu-release-addr 0 "$(printf %x $((PEN + 8 * n)))"
  done
  fdtput -p -t x "$tree" /reserved-memory '#address-cells' 2
  fdtput -t x "$tree" /reserved-memory '#size-cells' 2
  fdtput "$tree" /reserved-memory ranges
  fdtput -p -t x "$tree" "/reserved-memory/spin-table@${PEN#0x}" reg 0 "${PEN#0x}" 0 1000
  fdtput "$tree" "/reserved-memory/spin-table@${PEN#0x}" no-map
  fdtput -t s "$tree" /chosen bootargs "$3"
  fdtput -t x "$tree" /chosen linux,initrd-start 0 "${FIRST_INITRD#0x}"
  fdtput -t x "$tree" /chosen linux,initrd-end 0 "$(printf %x $((FIRST_INITRD + $(stat -c %s "$2"))))"

  put "$1" "$FIRST_KERNEL"
  put "$tree" "$FIRST_TREE"
  put "$2" "$FIRST_INITRD"
}

# spin_table_profile: profile.toml, which gives the second kernel the CPUs that the first one had to leave alone
spin_table_profile() {
  cat > profile.toml <<'P'
schema = 1
name = "virt-spin-table"
command-line = { mode = "reuse", remove = ["nr_cpus=1"] }
cpus = { methods = ["spin-table"], mismatch = "refuse" }
P
}
