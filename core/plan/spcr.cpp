// SPDX-License-Identifier: Apache-2.0
#include "plan/spcr.hpp"

#include <fmt/format.h>

#include "kxf/bytes.hpp"

namespace kxf {
namespace {

constexpr std::string_view spcr_path = "/sys/firmware/acpi/tables/SPCR";

// Serial Port Console Redirection Table, table 1 (Microsoft): behind the header of every ACPI table
// the interface type, then the base address as a generic address structure (ACPI 6.5, 5.2.3.2).
constexpr std::uint64_t length_offset = 4;
constexpr std::uint64_t interface_offset = 36;
constexpr std::uint64_t space_offset = 40;
constexpr std::uint64_t bit_width_offset = 41;
constexpr std::uint64_t access_size_offset = 43;
constexpr std::uint64_t address_offset = 44;
constexpr std::uint8_t system_memory = 0;

struct Interface {
  std::uint8_t type;
  std::string_view earlycon;
  bool wide;  ///< only 32-bit accesses, whatever the address says
};

// Debug Port Table 2, table 3: the subtypes of serial ports.
constexpr Interface interfaces[] = {
    {0x00, "uart8250", false},  // 16550 compatible
    {0x01, "uart8250", false},  // 16550 subset
    {0x03, "pl011", false},     // Arm PL011
    {0x05, "uart8250", false},  // NVIDIA 16550
    {0x0d, "pl011", true},      // Arm SBSA, 32-bit accesses only
    {0x0e, "pl011", false},     // Arm SBSA generic UART
    {0x10, "pl011", false},     // BCM2835
    {0x12, "uart8250", false},  // 16550 with a generic address
};

const Interface* find_interface(std::uint8_t type) {
  for (const Interface& known : interfaces)
    if (known.type == type) return &known;
  return nullptr;
}

/// Bits of one access: the access size of the address when it has one (1: byte, 2: word, 3: 32
/// bits), else the width of its register.
unsigned access_bits(std::uint8_t access_size, std::uint8_t bit_width) {
  return access_size >= 1 && access_size <= 3 ? 8U << (access_size - 1U) : bit_width;
}

}  // namespace

Result<std::optional<std::string>> spcr_earlycon(const Machine& machine) {
  const auto table = machine.read(spcr_path);
  if (!table) return std::nullopt;
  const Bytes bytes{ByteView(*table)};
  const auto damaged = [](std::string_view what) {
    return refuse(fmt::format("{}: {}", spcr_path, what),
                  "name the console in the profile (console.sink)");
  };
  const auto length = bytes.read<std::uint32_t>(length_offset);
  if (!bytes.has(0, "SPCR") || !length || *length > table->size())
    return damaged("it is no complete SPCR table");
  const auto type = bytes.read<std::uint8_t>(interface_offset);
  const auto space = bytes.read<std::uint8_t>(space_offset);
  const auto width = bytes.read<std::uint8_t>(bit_width_offset);
  const auto access = bytes.read<std::uint8_t>(access_size_offset);
  const auto address = bytes.read<std::uint64_t>(address_offset);
  if (!type || !space || !width || !access || !address)
    return damaged("it ends before the address of the console");
  if (*address == 0) return std::nullopt;
  if (*space != system_memory)
    return damaged(fmt::format("the console is in address space {}, not in memory", *space));
  const Interface* const known = find_interface(*type);
  if (known == nullptr)
    return damaged(fmt::format("interface type {:#04x} has no earlycon name", *type));
  const unsigned bits = known->wide ? 32 : access_bits(*access, *width);
  const std::string_view mode = bits == 32 ? "mmio32," : bits == 16 ? "mmio16," : "";
  return fmt::format("{},{}{}", known->earlycon, mode, hex(*address));
}

}  // namespace kxf
