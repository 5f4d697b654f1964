// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The console that ACPI names.

#include <optional>
#include <string>

#include "kxf/machine.hpp"
#include "plan/console.hpp"

namespace kxf {

/// What the Serial Port Console Redirection table says, as a value of earlycon=, the way that the
/// kernel reads it (acpi_parse_spcr() in drivers/acpi/spcr.c). Nothing when there is no table, or
/// an empty address (the console is switched off).
/// Errors: a damaged table, port I/O, a kind of UART that has no earlycon name.
[[nodiscard]] Result<std::optional<std::string>> spcr_earlycon(const Machine& machine);

/// choose_console(), and where it finds that nothing names a console (`console.sink` is auto, no
/// earlycon= and no stdout-path), what SPCR says. A table that says nothing usable is the warning
/// `no-console-sink`; one that names another address than what was chosen is the warning
/// `console-disagreement`.
/// Errors: as of choose_console(), for SPCR too: registers inside RAM.
[[nodiscard]] Result<std::optional<ConsoleChoice>> choose_console_or_spcr(
    const Machine& machine, const Policy& policy, std::string_view command_line,
    const DeviceTree& tree, const MemoryMap& memory, const Registry& registry, Record& record);

}  // namespace kxf
