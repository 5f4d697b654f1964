// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How ACPI says that CPUs are started.

#include <kxf/machine.hpp>
#include <optional>

namespace kxf::arm64 {

/// ARM boot flags of the FADT (ACPI 6.5, 5.2.9 and table 5.11).
struct AcpiBootFlags {
  bool psci = false;  ///< PSCI_COMPLIANT
  bool hvc = false;   ///< PSCI_USE_HVC
};

/// Nothing when there is no FADT, or one that is too old or damaged.
[[nodiscard]] std::optional<AcpiBootFlags> acpi_boot_flags(const Machine& machine);

/// How many CPUs of the MADT have a mailbox of the parking protocol (ACPI 6.5, table 5.37: GICC
/// structures with a parking protocol version and a parked address).
[[nodiscard]] unsigned acpi_parked_cpus(const Machine& machine);

}  // namespace kxf::arm64
