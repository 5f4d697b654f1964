// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The console that ACPI names.

#include <optional>
#include <string>

#include "kxf/machine.hpp"

namespace kxf {

/// What the Serial Port Console Redirection table says, as a value of earlycon=, the way that the
/// kernel reads it (acpi_parse_spcr() in drivers/acpi/spcr.c). Nothing when there is no table, or
/// an empty address (the console is switched off).
/// Errors: a damaged table, port I/O, a kind of UART that has no earlycon name.
[[nodiscard]] Result<std::optional<std::string>> spcr_earlycon(const Machine& machine);

}  // namespace kxf
