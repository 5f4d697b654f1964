// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What kxf understands of a board before any kernel is named: what `kxf plan` would find, by the
/// same functions, with the reason instead of an end where something cannot be found.

#include <optional>
#include <string>
#include <vector>

#include "kxf/cpu.hpp"
#include "kxf/machine.hpp"
#include "kxf/memory.hpp"
#include "kxf/record.hpp"
#include "plan/console.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

struct Inspection {
  std::string architecture;         ///< of the plugin that knows it; empty when none does
  std::string architecture_reason;  ///< why it is empty
  std::string model;
  std::vector<std::string> compatible;
  CpuReport cpus;
  MemoryMap memory;           ///< reservations are in it even when no RAM is known
  std::string memory_reason;  ///< why there is no RAM
  std::optional<ConsoleChoice> console;
  std::string console_reason;  ///< why there is none
  Record record;
};

/// `record` holds what was decided before (plugins). It always comes to an end: what fails is said
/// in the result.
[[nodiscard]] Inspection inspect(const Machine& machine, const Policy& policy,
                                 const Registry& registry, Record record);

}  // namespace kxf
