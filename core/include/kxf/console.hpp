// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// The console that was found: by `earlycon=` or `earlyprintk=` of the next command line, by
/// `/chosen/stdout-path`, or by the profile.
struct ConsoleDevice {
  std::string driver;            ///< what named it: an earlycon name or a `compatible`
  std::uint64_t phys_base = 0;   ///< of the registers, CPU physical; 0 when it has none
  std::uint64_t size_bytes = 0;  ///< of the registers; 0 when unknown (earlycon)
  /// Access width in bits (8, 16 or 32) when something says it: `mmio32`, `reg-io-width`.
  std::optional<unsigned> access_bits;
  bool big_endian_registers = false;       ///< `mmio32be`, `big-endian`
  std::optional<unsigned> register_shift;  ///< `reg-shift`; mmio32 implies 2
  std::optional<std::uint64_t> terminal;  ///< for consoles behind firmware: `reg`, its number there
  std::string origin;                     ///< `stdout-path`, `earlycon=`, `profile`
};

/// One step of the program that writes a byte to a console.
enum class SinkOp : std::uint8_t {
  poll = 1,        ///< read until (register & mask) == value, at most `count` times, then go on
  write = 2,       ///< register = value
  put = 3,         ///< register = the byte << count
  firmware = 4,    ///< the architecture's own console call (of the hypervisor or the firmware);
                   ///< value: terminal
  poll_while = 5,  ///< read while (register & mask) == value, at most `count` times, then go on
  clear = 6,       ///< read the register and write it with the bits of `mask` cleared
};

/// Offsets are bytes from the console's base. Widths are 1, 2 or 4 bytes.
struct SinkStep {
  SinkOp op = SinkOp::put;
  std::uint8_t width_bytes = 1;
  bool big_endian = false;  ///< the register's byte order, for widths above 1
  std::uint32_t offset = 0;
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
  std::uint32_t count = 0;  ///< polls: bound; put: left shift
};

/// How the purgatory writes one byte to a console: the steps, run in order for every byte. It is
/// data, so that the purgatory needs no code for a new UART. A poll that never succeeds costs
/// characters, never the boot.
struct SinkProgram {
  static constexpr std::size_t max_steps = 8;

  std::uint64_t phys_base = 0;
  std::uint64_t size_bytes = 0;  ///< span that the steps touch, from phys_base
  std::vector<SinkStep> steps;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
