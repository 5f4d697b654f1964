// SPDX-License-Identifier: Apache-2.0
//
// UARTs of arm64 boards, as tables. The rule for every row: what Linux' earlycon driver does with
// the same name, no more. A name that is not here is another plugin's business; nothing is matched
// by likeness (`arm,primecell`, for instance, is on every peripheral of that family).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

// A poll reads a device register, which takes 100 ns or more: this bounds the wait for one
// character to 10 ms or more, enough for a FIFO of 16 to drain at 19200 baud, and a UART that never
// gets ready costs a second for each hundred characters.
constexpr std::uint32_t poll_bound = 100'000;

constexpr unsigned bits_per_byte = 8;

Status check_span(const ConsoleDevice& device, std::string_view what, std::uint64_t span) {
  if (device.size_bytes == 0 || span <= device.size_bytes) return {};
  return refuse(fmt::format("{} at {} needs {} bytes of registers, the device has {}", what,
                            hex(device.phys_base), span, device.size_bytes),
                "correct reg, reg-shift or reg-io-width of the console in the device tree");
}

// ---- PL011 --------------------------------------------------------------------------------------
//
// PrimeCell UART (PL011) Technical Reference Manual, DDI 0183, section 3.3: UARTDR at 0x00, UARTFR
// at 0x18 with TXFF (transmit FIFO full) in bit 5. Registers are 16 bits wide at most and 4 bytes
// apart on a bus without byte lanes. Access as in drivers/tty/serial/amba-pl011.c: 16 bits, 32 when
// the tree or `mmio32` says so, and always 32 for the Generic UART of the Base System Architecture.
// earlycon's plain `mmio` means 8 bits there: the data register is written as a byte, and the bits
// that are polled are in the first byte as well.

constexpr std::uint32_t pl011_data = 0x00;
constexpr std::uint32_t pl011_flags = 0x18;
constexpr std::uint32_t pl011_transmit_full = 1U << 5U;
constexpr std::string_view sbsa_uart = "arm,sbsa-uart";

Result<SinkProgram> pl011_program(const ConsoleDevice& device) {
  if (device.big_endian_registers)
    return refuse(fmt::format("the PL011 at {} is said to have big-endian registers; it has none",
                              hex(device.phys_base)),
                  "drop big-endian or mmio32be from the console");
  const bool only_32 = device.driver == sbsa_uart;
  const unsigned bits = device.access_bits.value_or(only_32 ? 32 : 16);
  const bool fits = only_32 ? bits == 32 : bits == 8 || bits == 16 || bits == 32;
  if (!fits)
    return refuse(
        fmt::format("{} at {} cannot be accessed {} bits at a time, only {}", device.driver,
                    hex(device.phys_base), bits, only_32 ? "32" : "8, 16 or 32"),
        "correct reg-io-width or the access word of the console");
  const auto width = static_cast<std::uint8_t>(bits / bits_per_byte);
  SinkProgram program;
  program.phys_base = device.phys_base;
  program.size_bytes = pl011_flags + width;
  program.steps = {{.op = SinkOp::poll,
                    .width_bytes = width,
                    .offset = pl011_flags,
                    .mask = pl011_transmit_full,
                    .value = 0,
                    .count = poll_bound},
                   {.op = SinkOp::put, .width_bytes = width, .offset = pl011_data}};
  KXF_CHECK(check_span(device, "the PL011", program.size_bytes));
  return program;
}

class Pl011 final : public ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "pl011"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "Arm PL011 and the Generic UART of Arm's Base System Architecture";
  }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    static constexpr std::array<std::string_view, 1> names{"pl011"};
    return names;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    static constexpr std::array names{std::string_view("arm,pl011"), sbsa_uart};
    return names;
  }
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override {
    return pl011_program(device);
  }
};

// ---- 8250 family --------------------------------------------------------------------------------
//
// National Semiconductor PC16550D data sheet, section 8: THR is register 0, LSR register 5 with
// THRE (transmitter holding register empty) in bit 5. How far registers are apart and how wide they
// are accessed is the board's choice: `reg-shift` and `reg-io-width` of a tree
// (Documentation/devicetree/bindings/serial/8250.yaml), `mmio32` of earlycon, or fixed by the part.

constexpr std::uint32_t thr = 0;
constexpr std::uint32_t lsr = 5;
constexpr std::uint32_t lsr_thre = 0x20;

struct Part {
  std::string_view name;
  unsigned access_bits = 8;     ///< unless the device says otherwise
  unsigned register_shift = 0;  ///< likewise
  bool fixed = false;           ///< the part decides; what the device says is not asked
};

// drivers/tty/serial/8250: 8250_early.c, 8250_bcm2835aux.c, 8250_mtk.c, 8250_of.c, 8250_dw.c.
constexpr auto by_earlycon = std::to_array<Part>({
    {"uart8250"},
    {"uart"},
    {"ns16550"},
    {"ns16550a"},
    {"omap8250", 8, 2, true},
    {"bcm2835aux", 32, 2, true},
    {"mtk8250", 32, 2, true},
    // earlyprintk= of arm64 kernels before 3.16
    {"uart8250-8bit", 8, 0, true},
    {"uart8250-32bit", 32, 2, true},
});
constexpr auto by_compatible = std::to_array<Part>({
    {"ns8250"},
    {"ns16450"},
    {"ns16550"},
    {"ns16550a"},
    {"ns16850"},
    {"fsl,ns16550"},
    {"fsl,16550-FIFO64"},
    {"snps,dw-apb-uart"},
    {"nvidia,tegra20-uart"},
    {"ti,am654-uart", 8, 2, true},
    {"brcm,bcm2835-aux-uart", 32, 2, true},
    {"mediatek,mt6577-uart", 32, 2, true},
});

template <std::size_t N>
constexpr std::array<std::string_view, N> names_of(const std::array<Part, N>& parts) {
  std::array<std::string_view, N> names;
  for (std::size_t i = 0; i < N; ++i) names[i] = parts[i].name;
  return names;
}

/// The row that named the device; a plain 8250 when a profile forces this sink on another name.
Part part_of(const ConsoleDevice& device) {
  for (const std::span<const Part> table :
       {std::span<const Part>(by_earlycon), std::span<const Part>(by_compatible)})
    for (const Part& part : table)
      if (part.name == device.driver) return part;
  return {device.driver};
}

Result<SinkProgram> uart8250_program(const ConsoleDevice& device) {
  const Part part = part_of(device);
  const unsigned bits =
      part.fixed ? part.access_bits : device.access_bits.value_or(part.access_bits);
  const unsigned shift =
      part.fixed ? part.register_shift : device.register_shift.value_or(part.register_shift);
  if (bits != 8 && bits != 16 && bits != 32)
    return refuse(fmt::format("{} at {} cannot be accessed {} bits at a time, only 8, 16 or 32",
                              device.driver, hex(device.phys_base), bits),
                  "correct reg-io-width of the console");
  const unsigned width = bits / bits_per_byte;
  if (shift > 8 || (1U << shift) < width)
    return refuse(fmt::format("{} at {} has registers {} bytes apart: an access of {} bits would "
                              "touch {}",
                              device.driver, hex(device.phys_base), std::uint64_t{1} << shift, bits,
                              shift > 8 ? "nothing that an 8250 has" : "several of them"),
                  "correct reg-shift or reg-io-width of the console");
  if (device.big_endian_registers && bits == 16)
    return refuse(fmt::format("{} at {} is said to have big-endian registers of 16 bits, which no "
                              "8250 has",
                              device.driver, hex(device.phys_base)),
                  "correct reg-io-width or big-endian of the console");

  const auto step_width = static_cast<std::uint8_t>(width);
  const bool big_endian = device.big_endian_registers && bits == 32;
  SinkProgram program;
  program.phys_base = device.phys_base;
  program.size_bytes = (std::uint64_t{lsr} << shift) + width;
  program.steps = {{.op = SinkOp::poll,
                    .width_bytes = step_width,
                    .big_endian = big_endian,
                    .offset = lsr << shift,
                    .mask = lsr_thre,
                    .value = lsr_thre,
                    .count = poll_bound},
                   {.op = SinkOp::put,
                    .width_bytes = step_width,
                    .big_endian = big_endian,
                    .offset = thr << shift}};
  KXF_CHECK(check_span(device, device.driver, program.size_bytes));
  return program;
}

class Uart8250 final : public ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "uart8250"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "8250, 16450, 16550 and what has their registers";
  }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    static constexpr auto names = names_of(by_earlycon);
    return names;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    static constexpr auto names = names_of(by_compatible);
    return names;
  }
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override {
    return uart8250_program(device);
  }
};

}  // namespace

const ConsoleSink& pl011() {
  static const Pl011 sink;
  return sink;
}

const ConsoleSink& uart8250() {
  static const Uart8250 sink;
  return sink;
}

}  // namespace kxf::arm64
