// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A UART as data: what a file of the UART directory, or `[[console.uart]]` of a profile, says.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kxf/console.hpp"

namespace kxf {

/// What the offsets of registers count.
enum class UartOffsets : std::uint8_t {
  bytes,
  numbers,  ///< the device says by `reg-shift` how far registers are apart
};

/// Byte order of registers wider than a byte.
enum class UartByteOrder : std::uint8_t {
  little,           ///< a device that is said to be big-endian is refused
  big,              ///< whatever the device says
  device,           ///< big where the device says so: `big-endian`, `mmio32be`
  device_else_big,  ///< big unless the device says that it takes little-endian words: `mmio32`
};

/// Names that mean this UART, and how it is wired where they are used.
struct UartDevice {
  std::vector<std::string> earlycon;
  std::vector<std::string> compatibles;
  std::vector<std::uint32_t> access_bits;  ///< possible ones; the first unless the device says
  std::uint32_t register_shift = 0;        ///< unless the device says; of UartOffsets::numbers
  std::uint32_t base = 0;                  ///< bytes from the device's address to the registers
  UartByteOrder byte_order = UartByteOrder::little;
  bool fixed = false;  ///< access_bits and register_shift hold, whatever the device says
};

struct UartRegister {
  std::string name;
  std::uint32_t offset = 0;                 ///< UartOffsets
  std::optional<std::uint32_t> width_bits;  ///< when it is not that of the access
};

struct UartStep {
  SinkOp op = SinkOp::put;  ///< any but firmware
  std::size_t reg = 0;      ///< index into UartSpec::registers
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
  std::uint32_t count = 0;  ///< polls: how often
  std::uint32_t shift = 0;  ///< put: the byte's lowest bit in the register
};

struct UartSpec {
  /// Of a poll that does not say. A read of a device register takes 100 ns or more: this bounds the
  /// wait for one character to 10 ms or more, enough for a FIFO of 16 to drain at 19200 baud, and a
  /// UART that never gets ready costs a second for each hundred characters.
  static constexpr std::uint32_t default_count = 100'000;
  static constexpr std::uint32_t max_count = 10'000'000;

  std::string name;
  std::string summary;
  std::vector<std::string> source;
  std::optional<std::uint32_t> rank;  ///< nothing: what such an entry has where it stands
  UartOffsets offsets = UartOffsets::bytes;
  std::vector<UartDevice> devices;      ///< at least one
  std::vector<UartRegister> registers;  ///< each used by a step
  std::vector<UartStep> steps;          ///< 1 to SinkProgram::max_steps, with one put
  std::string origin;                   ///< `pl011.toml`, `board.toml:12:3`
};

}  // namespace kxf
