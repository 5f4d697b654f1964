// SPDX-License-Identifier: Apache-2.0
//
// Consoles behind firmware. There are no registers to know: the purgatory has the call of either
// kind of firmware, and all that a sink adds is the terminal's number.
#include <fmt/format.h>

#include <array>
#include <limits>

#include "ppc64/ppc64.hpp"

namespace kxf::ppc64 {
namespace {

/// One firmware call for each byte.
Result<SinkProgram> firmware_program(const ConsoleDevice& device, std::string_view kind) {
  if (!device.terminal)
    return refuse(
        fmt::format("{} ({}) has no terminal number: {}", kind, device.driver,
                    device.phys_base != 0 ? fmt::format("{} names an address of registers, {}",
                                                        device.origin, hex(device.phys_base))
                                          : std::string("its node has no reg")),
        "name a firmware console by stdout-path, or set console.sink = \"none\"");
  if (*device.terminal > std::numeric_limits<std::uint32_t>::max())
    return refuse(fmt::format("{} ({}) has the terminal number {}, which has more than 32 bits",
                              kind, device.driver, hex(*device.terminal)),
                  "correct reg of the console in the device tree");
  SinkProgram program;
  program.steps = {{.op = SinkOp::firmware, .value = static_cast<std::uint32_t>(*device.terminal)}};
  return program;
}

/// A virtual terminal of a partition, written by H_PUT_TERM_CHAR (Power Architecture Platform
/// Reference, "Terminal I/O"). Only the raw kind, `hvterm1`: bytes to a `hvterm-protocol` one need
/// a packet each, and what is not in a packet is dropped.
class Hvc final : public ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "hvc"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "virtual terminal of a partition, by hypervisor call";
  }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    return {};
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    static constexpr std::array<std::string_view, 1> names{"hvterm1"};
    return names;
  }
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override {
    return firmware_program(device, "the virtual terminal");
  }
};

/// A console of OPAL, written by OPAL_CONSOLE_WRITE (skiboot, doc/device-tree/ibm,opal.rst and
/// doc/opal-api/opal-console-read-write-1-2.rst). Only the raw kind, as above.
class Opal final : public ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "opal"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "console of OPAL, by firmware call";
  }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    return {};
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    static constexpr std::array<std::string_view, 1> names{"ibm,opal-console-raw"};
    return names;
  }
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override {
    return firmware_program(device, "the OPAL console");
  }
};

}  // namespace

const ConsoleSink& hvc() {
  static const Hvc sink;
  return sink;
}

const ConsoleSink& opal() {
  static const Opal sink;
  return sink;
}

}  // namespace kxf::ppc64
