// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Registers that a test puts behind the purgatory's interpreter of console programs, which is
/// compiled for the host.

#include <string>
#include <string_view>

#include "kxf/console_sink.hpp"
#include "purgatory/layout.h"

namespace kxf_test {

/// What the interpreter reads and writes. Values are as on the bus: a big-endian register's bytes
/// are swapped in them.
class Registers {
 public:
  virtual ~Registers() = default;
  virtual std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) = 0;
  virtual void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) = 0;
};

/// The program as a purgatory gets it, in the host's byte order.
[[nodiscard]] kxf_console console_of(const kxf::SinkProgram& program);

/// Let the interpreter write one byte. A step of firmware needs the architecture's whole parameter
/// block behind `console`.
void put(const kxf_console& console, char byte, Registers& registers);

/// Let the interpreter print a text with the program.
void print(const kxf::SinkProgram& program, std::string_view text, Registers& registers);

/// The sink of this name among those that kxf ships; fails the test when there is none.
[[nodiscard]] const kxf::ConsoleSink& shipped_sink(std::string_view name);

/// Its program for a device; fails the test when it is refused.
[[nodiscard]] kxf::SinkProgram program_of(std::string_view sink, const kxf::ConsoleDevice& device);

}  // namespace kxf_test
