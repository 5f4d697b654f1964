// SPDX-License-Identifier: Apache-2.0
//
// What a device says about its registers, and what a UART's description makes of it.
#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "uart_model.hpp"

namespace uart_sink_test {
namespace {

constexpr std::uint64_t base = 0x9000000;

struct Access {
  bool is_write = false;
  std::uint64_t offset = 0;
  unsigned width = 0;
  std::uint32_t value = 0;
  bool operator==(const Access&) const = default;
};

/// Answers what it was told to, and writes down all accesses.
class Script final : public kxf_test::Registers {
 public:
  std::vector<Access> accesses{};
  std::map<std::uint64_t, std::vector<std::uint32_t>> reads{};  ///< in turn; the last stays

  std::uint32_t read(std::uint64_t phys_address, unsigned width_bytes) override {
    auto& values = reads[phys_address - base];
    const std::uint32_t value = values.empty() ? 0 : values.front();
    if (values.size() > 1) values.erase(values.begin());
    accesses.push_back({false, phys_address - base, width_bytes, value});
    return value;
  }
  void write(std::uint64_t phys_address, unsigned width_bytes, std::uint32_t value) override {
    accesses.push_back({true, phys_address - base, width_bytes, value});
  }
};

/// Run a program for one byte, as the purgatory does.
std::vector<Access> run(const kxf::SinkProgram& program, char byte,
                        std::map<std::uint64_t, std::vector<std::uint32_t>> reads = {}) {
  Script script;
  script.reads = std::move(reads);
  kxf_test::print(program, std::string_view(&byte, 1), script);
  return script.accesses;
}

kxf::ConsoleDevice device_named(std::string_view driver) {
  kxf::ConsoleDevice device;
  device.driver = driver;
  device.phys_base = base;
  device.size_bytes = 0x1000;
  return device;
}

std::string refusal(std::string_view sink, const kxf::ConsoleDevice& device) {
  const auto program = kxf_test::shipped_sink(sink).program(device);
  if (program) return "";
  CHECK_FALSE(program.error().remedy.empty());
  return program.error().message;
}

using kxf_test::program_of;

}  // namespace

TEST_CASE("the PL011's program waits while the FIFO is full and writes the byte") {
  const auto program = program_of("pl011", device_named("arm,pl011"));
  CHECK(run(program, 'K', {{0x18, {0x20, 0x20, 0x90}}}) ==
        std::vector<Access>{{false, 0x18, 2, 0x20},
                            {false, 0x18, 2, 0x20},
                            {false, 0x18, 2, 0x90},
                            {true, 0x00, 2, 'K'}});
  CHECK(program.size_bytes == 0x1a);
  CHECK(program.phys_base == base);
}

TEST_CASE("a UART that never gets ready costs characters, not the boot") {
  auto program = program_of("pl011", device_named("pl011"));
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
    CHECK(run(program_of("pl011", device), 'a').back() == Access{true, 0, 4, 'a'});
  }
  SUBCASE("earlycon=pl011,mmio means bytes") {
    device.access_bits = 8;
    device.register_shift = 0;
    CHECK(run(program_of("pl011", device), 'a').back() == Access{true, 0, 1, 'a'});
  }
  SUBCASE("the SBSA's Generic UART takes words only") {
    device.driver = "arm,sbsa-uart";
    CHECK(run(program_of("pl011", device), 'a').back() == Access{true, 0, 4, 'a'});
    device.access_bits = 16;
    CHECK(refusal("pl011", device) ==
          "arm,sbsa-uart at 0x9000000 cannot be accessed 16 bits at a time, only 32");
  }
  SUBCASE("64 bits are refused") {
    device.access_bits = 64;
    CHECK(refusal("pl011", device) ==
          "pl011 at 0x9000000 cannot be accessed 64 bits at a time, only 8, 16 or 32");
  }
  SUBCASE("big-endian registers are refused") {
    device.big_endian_registers = true;
    CHECK(refusal("pl011", device) ==
          "pl011 at 0x9000000 is said to have big-endian registers; it has none");
  }
  SUBCASE("a device that is too small is refused") {
    device.size_bytes = 0x18;
    CHECK(refusal("pl011", device) ==
          "pl011 at 0x9000000 needs 26 bytes of registers, the device has 24");
  }
}

TEST_CASE("8250 registers are where reg-shift and reg-io-width say") {
  auto device = device_named("snps,dw-apb-uart");
  device.register_shift = 2;
  device.access_bits = 32;
  SUBCASE("32 bits wide, 4 bytes apart") {
    CHECK(run(program_of("uart8250", device), 'K', {{0x14, {0x60}}}) ==
          std::vector<Access>{{false, 0x14, 4, 0x60}, {true, 0, 4, 'K'}});
  }
  SUBCASE("bytes, 4 bytes apart") {
    device.access_bits.reset();
    CHECK(run(program_of("uart8250", device), 'K', {{0x14, {0x60}}}) ==
          std::vector<Access>{{false, 0x14, 1, 0x60}, {true, 0, 1, 'K'}});
  }
  SUBCASE("big-endian words") {
    device.big_endian_registers = true;
    CHECK(
        run(program_of("uart8250", device), 'K', {{0x14, {0x60000000}}}) ==
        std::vector<Access>{{false, 0x14, 4, 0x60000000}, {true, 0, 4, std::uint32_t{'K'} << 24}});
  }
  SUBCASE("big-endian halves are refused") {
    device.big_endian_registers = true;
    device.access_bits = 16;
    CHECK(refusal("uart8250", device) ==
          "snps,dw-apb-uart at 0x9000000 is said to have big-endian registers of 16 bits, which no "
          "such UART has");
  }
  SUBCASE("a width that covers several registers is refused") {
    device.register_shift = 1;
    CHECK(refusal("uart8250", device) ==
          "snps,dw-apb-uart at 0x9000000 has registers 2 bytes apart: an access of 32 bits would "
          "touch several of them");
  }
  SUBCASE("a device that is too small is refused") {
    device.size_bytes = 0x14;
    CHECK(refusal("uart8250", device) ==
          "snps,dw-apb-uart at 0x9000000 needs 24 bytes of registers, the device has 20");
  }
  SUBCASE("an absurd shift is refused, not computed") {
    device.register_shift = 40;
    CHECK(refusal("uart8250", device).find("nothing that a UART has") != std::string::npos);
  }
}

TEST_CASE("parts with registers of their own layout do not ask the tree") {
  auto device = device_named("brcm,bcm2835-aux-uart");
  device.access_bits = 8;
  device.register_shift = 0;
  CHECK(run(program_of("uart8250", device), 'K', {{0x14, {0x20}}}) ==
        std::vector<Access>{{false, 0x14, 4, 0x20}, {true, 0, 4, 'K'}});
}

TEST_CASE("a sink that is forced on a device of another name takes its first way") {
  CHECK(run(program_of("pl011", device_named("acme,uart")), 'a').back() == Access{true, 0, 2, 'a'});
}

TEST_CASE("an LPUART's byte order follows Linux: big unless the console says words") {
  auto device = device_named("lpuart32");
  CHECK(run(program_of("lpuart32", device), 'K', {{4, {0x8000}}}) ==
        std::vector<Access>{{false, 4, 4, 0x8000}, {true, 0xc, 4, std::uint32_t{'K'} << 24}});
  device.access_bits = 8;  // earlycon=lpuart32,mmio
  CHECK(program_of("lpuart32", device).steps[0].big_endian);
  device.access_bits = 32;
  CHECK_FALSE(program_of("lpuart32", device).steps[0].big_endian);
  device.big_endian_registers = true;
  CHECK(program_of("lpuart32", device).steps[0].big_endian);
}

}  // namespace uart_sink_test
