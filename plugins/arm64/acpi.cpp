// SPDX-License-Identifier: Apache-2.0
#include "arm64/acpi.hpp"

#include <kxf/bytes.hpp>

namespace kxf::arm64 {
namespace {

// Every table starts with a signature of four characters and its length (ACPI 6.5, 5.2.6).
constexpr std::uint64_t length_offset = 4;
constexpr std::uint64_t arm_boot_offset = 129;

constexpr std::uint64_t first_structure = 44;  // behind the MADT's header, address and flags
constexpr std::uint8_t gicc_type = 0x0b;
constexpr std::uint64_t gicc_flags = 12;
constexpr std::uint64_t gicc_parking_version = 16;
constexpr std::uint64_t gicc_parked_address = 24;
constexpr std::uint64_t gicc_enough = 32;  // bytes that hold all of these
constexpr std::uint32_t gicc_enabled = 1;

/// The bytes of a table; nothing when it is not there, is another or is shorter than it says.
std::optional<ByteVector> table(const Machine& machine, std::string_view path,
                                std::string_view signature) {
  auto read = machine.read(path);
  if (!read) return std::nullopt;
  const Bytes bytes{ByteView(*read)};
  const auto length = bytes.read<std::uint32_t>(length_offset);
  if (!bytes.has(0, signature) || !length || *length > read->size()) return std::nullopt;
  read->resize(*length);
  return std::move(*read);
}

}  // namespace

std::optional<AcpiBootFlags> acpi_boot_flags(const Machine& machine) {
  const auto fadt = table(machine, "/sys/firmware/acpi/tables/FACP", "FACP");
  if (!fadt) return std::nullopt;
  const auto flags = Bytes(ByteView(*fadt)).read<std::uint16_t>(arm_boot_offset);
  if (!flags) return std::nullopt;
  return AcpiBootFlags{(*flags & 1U) != 0, (*flags & 2U) != 0};
}

unsigned acpi_parked_cpus(const Machine& machine) {
  const auto madt = table(machine, "/sys/firmware/acpi/tables/APIC", "APIC");
  if (!madt) return 0;
  const Bytes bytes{ByteView(*madt)};
  unsigned parked = 0;
  for (std::uint64_t at = first_structure;;) {
    const auto type = bytes.read<std::uint8_t>(at);
    const auto size = bytes.read<std::uint8_t>(at + 1);
    if (!type || !size || *size < 2) return parked;
    if (*type == gicc_type && *size >= gicc_enough) {
      const auto flags = bytes.read<std::uint32_t>(at + gicc_flags);
      const auto version = bytes.read<std::uint32_t>(at + gicc_parking_version);
      const auto address = bytes.read<std::uint64_t>(at + gicc_parked_address);
      if (flags && version && address && (*flags & gicc_enabled) != 0 && *version != 0 &&
          *address != 0)
        ++parked;
    }
    at += *size;
  }
}

}  // namespace kxf::arm64
