// SPDX-License-Identifier: Apache-2.0
//
// Console sinks, and the purgatory's interpreter of their programs, against models of UARTs.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "arm64/arm64.hpp"
#include "arm64/purgatory/sink.h"

namespace {

constexpr std::uint64_t base = 0x9000000;

struct Access {
  bool is_write = false;
  std::uint64_t offset = 0;
  unsigned width = 0;
  std::uint32_t value = 0;
  bool operator==(const Access&) const = default;
};

/// What is behind kxf_mmio_read() and kxf_mmio_write() while a test runs.
struct Registers {
  std::vector<Access> accesses;
  std::map<std::uint64_t, std::vector<std::uint32_t>> reads;  ///< values in turn; the last stays
};
Registers* registers = nullptr;

}  // namespace

extern "C" std::uint32_t kxf_mmio_read(std::uint64_t phys_address, unsigned width_bytes) {
  auto& values = registers->reads[phys_address - base];
  const std::uint32_t value = values.empty() ? 0 : values.front();
  if (values.size() > 1) values.erase(values.begin());
  registers->accesses.push_back({false, phys_address - base, width_bytes, value});
  return value;
}
extern "C" void kxf_mmio_write(std::uint64_t phys_address, unsigned width_bytes,
                               std::uint32_t value) {
  registers->accesses.push_back({true, phys_address - base, width_bytes, value});
}

namespace {

/// Run a program for one byte, as the purgatory does.
std::vector<Access> run(const kxf::SinkProgram& program, char byte,
                        std::map<std::uint64_t, std::vector<std::uint32_t>> reads = {}) {
  kxf_params params{};
  params.sink_base = program.phys_base;
  params.step_count = static_cast<std::uint32_t>(program.steps.size());
  REQUIRE(program.steps.size() <= KXF_MAX_STEPS);
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const kxf::SinkStep& step = program.steps[i];
    params.steps[i] = {static_cast<std::uint8_t>(step.op),
                       step.width_bytes,
                       static_cast<std::uint8_t>(step.big_endian),
                       0,
                       step.offset,
                       step.mask,
                       step.value,
                       step.count};
  }
  Registers model;
  model.reads = std::move(reads);
  registers = &model;
  kxf_sink_put(&params, static_cast<std::uint8_t>(byte));
  registers = nullptr;
  return model.accesses;
}

kxf::ConsoleDevice device_named(std::string_view driver) {
  kxf::ConsoleDevice device;
  device.driver = driver;
  device.phys_base = base;
  device.size_bytes = 0x1000;
  return device;
}

kxf::SinkProgram program_of(const kxf::ConsoleSink& sink, const kxf::ConsoleDevice& device) {
  const auto program = sink.program(device);
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().message));
  return *program;
}

bool knows(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

TEST_CASE("the PL011's program waits while the FIFO is full and writes the byte") {
  const auto program = program_of(kxf::arm64::pl011(), device_named("arm,pl011"));
  const auto accesses = run(program, 'K', {{0x18, {0x20, 0x20, 0x90}}});
  CHECK(accesses == std::vector<Access>{{false, 0x18, 2, 0x20},
                                        {false, 0x18, 2, 0x20},
                                        {false, 0x18, 2, 0x90},
                                        {true, 0x00, 2, 'K'}});
}

TEST_CASE("a UART that never gets ready costs characters, not the boot") {
  auto program = program_of(kxf::arm64::pl011(), device_named("pl011"));
  CHECK(program.steps[0].count > 1000);
  program.steps[0].count = 5;
  const auto accesses = run(program, 'x', {{0x18, {0x20}}});
  REQUIRE(accesses.size() == 6);
  CHECK(accesses.back() == Access{true, 0, 2, 'x'});
}

TEST_CASE("PL011 access widths are those of the device") {
  auto device = device_named("pl011");
  SUBCASE("earlycon=pl011,mmio32") {
    device.access_bits = 32;
    device.register_shift = 2;
    CHECK(run(program_of(kxf::arm64::pl011(), device), 'a').back() == Access{true, 0, 4, 'a'});
  }
  SUBCASE("earlycon=pl011,mmio means bytes") {
    device.access_bits = 8;
    device.register_shift = 0;
    CHECK(run(program_of(kxf::arm64::pl011(), device), 'a').back() == Access{true, 0, 1, 'a'});
  }
  SUBCASE("the SBSA's Generic UART takes words only") {
    device.driver = "arm,sbsa-uart";
    CHECK(run(program_of(kxf::arm64::pl011(), device), 'a').back() == Access{true, 0, 4, 'a'});
    device.access_bits = 16;
    const auto refused = kxf::arm64::pl011().program(device);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "arm,sbsa-uart at 0x9000000 cannot be accessed 16 bits at a time, only 32");
  }
  SUBCASE("64 bits are refused") {
    device.access_bits = 64;
    const auto refused = kxf::arm64::pl011().program(device);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "pl011 at 0x9000000 cannot be accessed 64 bits at a time, only 8, 16 or 32");
  }
  SUBCASE("big-endian registers are refused") {
    device.big_endian_registers = true;
    CHECK_FALSE(kxf::arm64::pl011().program(device));
  }
  SUBCASE("a device that is too small is refused") {
    device.size_bytes = 0x18;
    CHECK_FALSE(kxf::arm64::pl011().program(device));
  }
}

TEST_CASE("the 8250's program waits for the holding register to be empty and writes the byte") {
  const auto program = program_of(kxf::arm64::uart8250(), device_named("uart8250"));
  CHECK(run(program, 'K', {{5, {0x00, 0x41, 0x60}}}) ==
        std::vector<Access>{
            {false, 5, 1, 0x00}, {false, 5, 1, 0x41}, {false, 5, 1, 0x60}, {true, 0, 1, 'K'}});
}

TEST_CASE("8250 registers are where reg-shift and reg-io-width say") {
  auto device = device_named("snps,dw-apb-uart");
  device.register_shift = 2;
  device.access_bits = 32;
  SUBCASE("32 bits wide, 4 bytes apart") {
    const auto accesses = run(program_of(kxf::arm64::uart8250(), device), 'K', {{0x14, {0x60}}});
    CHECK(accesses == std::vector<Access>{{false, 0x14, 4, 0x60}, {true, 0, 4, 'K'}});
  }
  SUBCASE("bytes, 4 bytes apart") {
    device.access_bits.reset();
    const auto accesses = run(program_of(kxf::arm64::uart8250(), device), 'K', {{0x14, {0x60}}});
    CHECK(accesses == std::vector<Access>{{false, 0x14, 1, 0x60}, {true, 0, 1, 'K'}});
  }
  SUBCASE("big-endian words") {
    device.big_endian_registers = true;
    const auto accesses =
        run(program_of(kxf::arm64::uart8250(), device), 'K', {{0x14, {0x60000000}}});
    CHECK(accesses == std::vector<Access>{{false, 0x14, 4, 0x60000000},
                                          {true, 0, 4, std::uint32_t{'K'} << 24}});
  }
  SUBCASE("a width that covers several registers is refused") {
    device.register_shift = 1;
    const auto refused = kxf::arm64::uart8250().program(device);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "snps,dw-apb-uart at 0x9000000 has registers 2 bytes apart: an access of 32 bits would "
          "touch several of them");
  }
  SUBCASE("a device that is too small is refused") {
    device.size_bytes = 0x14;
    const auto refused = kxf::arm64::uart8250().program(device);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message ==
          "snps,dw-apb-uart at 0x9000000 needs 24 bytes of registers, the device has 20");
  }
  SUBCASE("an absurd shift is refused, not computed") {
    device.register_shift = 40;
    CHECK_FALSE(kxf::arm64::uart8250().program(device));
  }
}

TEST_CASE("parts with registers of their own layout do not ask the tree") {
  auto device = device_named("brcm,bcm2835-aux-uart");
  const auto accesses = run(program_of(kxf::arm64::uart8250(), device), 'K', {{0x14, {0x20}}});
  CHECK(accesses == std::vector<Access>{{false, 0x14, 4, 0x20}, {true, 0, 4, 'K'}});
}

TEST_CASE("consoles are known by exact names only") {
  CHECK(knows(kxf::arm64::pl011().earlycon_names(), "pl011"));
  CHECK(knows(kxf::arm64::pl011().compatibles(), "arm,pl011"));
  CHECK_FALSE(knows(kxf::arm64::pl011().compatibles(), "arm,primecell"));
  CHECK(knows(kxf::arm64::uart8250().earlycon_names(), "uart8250"));
  CHECK(knows(kxf::arm64::uart8250().earlycon_names(), "bcm2835aux"));
  CHECK(knows(kxf::arm64::uart8250().compatibles(), "nvidia,tegra20-uart"));
  CHECK_FALSE(knows(kxf::arm64::uart8250().compatibles(), "pl011"));
}

TEST_CASE("a write step stores its value and an unknown operation does nothing") {
  kxf::SinkProgram program;
  program.phys_base = base;
  program.steps = {{.op = kxf::SinkOp::write, .width_bytes = 4, .offset = 8, .value = 7},
                   {.op = kxf::SinkOp::put, .width_bytes = 4, .offset = 4, .count = 8},
                   {.op = kxf::SinkOp::firmware}};
  CHECK(run(program, 'A') == std::vector<Access>{{true, 8, 4, 7}, {true, 4, 4, 0x4100}});
}
