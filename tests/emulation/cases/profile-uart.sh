# profile-uart.sh -- TOML alone teaches kxf a UART that it does not know and a window that it must leave alone: the purgatory
#   prints on that UART (the pl011, described by hand under another name), and the window survives into the second kernel.
# How to run: tests/emulation/run.sh profile-uart      Expect: ok      Time: 10 s
GUEST=plan-and-jump
PROFILE=/mnt/profile.toml
prepare() {
  cp "$HARNESS/guest/jump.sh" .
  # the window is the top of RAM, where the kernel lies otherwise
  cat > profile.toml <<'P'
schema = 1
name = "acme-board"
command-line = { mode = "reuse" }
memory = { reserve = [{ start = "0x78000000", size = "128 MiB", reason = "trace buffer of the ACME firmware" }] }

[console]
sink = "acme,mmio32,0x9000000"

[[console.uart]]
name = "acme-uart"
summary = "ACME serial port"
source = ["ACME A7 reference manual, 12.3: TXDATA, STATUS.BUSY, STATUS.FULL"]
device = [{ earlycon = ["acme"], access = [32] }]
register = [{ name = "TXDATA", offset = 0x00 }, { name = "STATUS", offset = 0x18, width = 16 }]
step = [
  { poll = "STATUS", mask = 0x20, value = 0, count = 50000 },
  { put = "TXDATA" },
  { poll = "STATUS", mask = 0x08, value = 0 },
]
P
}
check() {
  jumped
  in_order 'G: kxf plan' 'console +acme-uart at 0x9000000' 'G: kxf plan: exit 0' 'G: kxf exec' 'kxf: entering the kernel at 0x([4-6]|7[0-7])[0-9a-f]+,'
  # 1001852 kB when all is free
  seen 'SECOND: .* nproc 2, 8[0-9]{5} kB' 'the second kernel leaves the 128 MiB alone'
}
