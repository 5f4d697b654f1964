// SPDX-License-Identifier: Apache-2.0
#include "plan/earlycon.hpp"

#include <fmt/format.h>

#include <charconv>

namespace kxf {
namespace {

struct Access {
  std::string_view word;
  unsigned bits;
  std::optional<unsigned> register_shift;
  bool big_endian;
};
constexpr Access accesses[] = {
    {"mmio", 8, 0, false},     {"mmio16", 16, 1, false},       {"mmio32", 32, 2, false},
    {"mmio32be", 32, 2, true}, {"mmio32native", 32, 2, false},
};

std::string_view take_field(std::string_view& rest) {
  const std::string_view field = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(rest.size(), field.size() + 1));
  return field;
}

std::optional<std::uint64_t> parse_address(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Result<ConsoleDevice> parse_earlycon(std::string_view value) {
  std::string_view rest = value;
  ConsoleDevice device;
  device.driver = take_field(rest);
  std::string_view field = take_field(rest);
  for (const Access& access : accesses) {
    if (field != access.word) continue;
    device.access_bits = access.bits;
    device.register_shift = access.register_shift;
    device.big_endian_registers = access.big_endian;
    field = take_field(rest);
    break;
  }
  if (field == "io")
    return refuse(fmt::format("earlycon \"{}\" uses port I/O, which only x86 has", value),
                  "name a memory-mapped console");
  const auto address = parse_address(field);
  if (device.driver.empty() || !address)
    return refuse(fmt::format("earlycon \"{}\": \"{}\" is not an address", value, field),
                  "write it as name,[access,]address[,options], for instance pl011,0x9000000, or "
                  "set console.unknown = \"warn\" where the console has none");
  device.phys_base = *address;
  return device;
}

}  // namespace kxf
