// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Where the purgatory prints: which device, named by what, and the program that writes to it.

#include <optional>
#include <string>
#include <string_view>

#include "kxf/console_sink.hpp"
#include "kxf/machine.hpp"
#include "kxf/memory.hpp"
#include "kxf/record.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

struct ConsoleChoice {
  ConsoleDevice device;
  std::string sink;  ///< name of the ConsoleSink
  SinkProgram program;
};

/// By `console.sink`: `none`; an earlycon string; the name of a sink (for the device that `auto`
/// finds); or `auto`: `earlycon=` with a value in the next command line, else `earlyprintk=` with
/// an address, else /chosen/stdout-path, else ACPI's SPCR. Names match exactly; nothing is guessed.
/// Nothing when there is no console, or none that a plugin knows and `auto` was asked for
/// (warning `no-console-sink`). When stdout-path or SPCR names another console than what is chosen,
/// the warning `console-disagreement` names both.
/// Errors: an earlycon name or a sink that no plugin knows (the known ones and the nearest are
/// listed), a malformed earlycon value, registers inside RAM, an address where the device tree has
/// no device, a sink program that reaches outside its device.
[[nodiscard]] Result<std::optional<ConsoleChoice>> choose_console(
    const Machine& machine, const Policy& policy, std::string_view command_line,
    const DeviceTree& tree, const MemoryMap& memory, const Registry& registry, Record& record);

}  // namespace kxf
