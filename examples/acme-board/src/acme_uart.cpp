// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>

#include "acme_board.hpp"

namespace acme {
namespace {

// ACME UART reference manual, section 3.
constexpr std::uint32_t data_register = 0x00;
constexpr std::uint32_t flag_register = 0x18;
constexpr std::uint32_t transmit_full = 1U << 5U;
constexpr std::uint8_t width_bytes = 4;

// A register read takes 100 ns or more: at least 10 ms for the FIFO to drain, then the character is
// lost and the boot goes on.
constexpr std::uint32_t poll_bound = 100'000;

class AcmeUart final : public kxf::ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "acme-uart"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "UART of ACME boards"; }

  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    static constexpr std::array<std::string_view, 1> names = {"acmeuart"};
    return names;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    static constexpr std::array<std::string_view, 1> names = {"acme,uart-1"};
    return names;
  }

  [[nodiscard]] kxf::Result<kxf::SinkProgram> program(
      const kxf::ConsoleDevice& device) const noexcept override {
    if (device.big_endian_registers || device.access_bits.value_or(32) != 32)
      return kxf::refuse("the ACME UART at " + kxf::hex(device.phys_base) +
                             " has little-endian registers of 32 bits and no others",
                         "say mmio32 or nothing in earlycon=, reg-io-width 4 in the device tree");
    kxf::SinkProgram program;
    program.phys_base = device.phys_base;
    program.size_bytes = flag_register + width_bytes;
    program.steps = {{.op = kxf::SinkOp::poll,
                      .width_bytes = width_bytes,
                      .offset = flag_register,
                      .mask = transmit_full,
                      .value = 0,
                      .count = poll_bound},
                     {.op = kxf::SinkOp::put, .width_bytes = width_bytes, .offset = data_register}};
    return program;
  }
};

}  // namespace

const kxf::ConsoleSink& acme_uart() {
  static const AcmeUart sink;
  return sink;
}

}  // namespace acme
