// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Where the purgatory may leave its breadcrumb.

#include <optional>

#include "kxf/architecture.hpp"
#include "kxf/memory.hpp"
#include "kxf/record.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// What `purgatory.breadcrumb` names; nothing when that is nothing. `tree` is the next one.
/// Errors: a purgatory that leaves none; an address that is not aligned, of memory that a kernel
/// uses, or of nothing that is known; a tree without a ramoops node, or with one whose console zone
/// a purgatory cannot write as Linux does.
[[nodiscard]] Result<std::optional<Breadcrumb>> choose_breadcrumb(const Policy& policy,
                                                                  const ArchitectureTraits& traits,
                                                                  const MemoryMap& memory,
                                                                  const DeviceTree& tree,
                                                                  Record& record);

/// The console zone of the tree's ramoops (Documentation/admin-guide/ramoops.rst and the binding
/// reserved-memory/ramoops.yaml of Linux): dumps, console, ftrace and pmsg lie one behind the other
/// in its memory, and each size is rounded down to a power of two.
/// Errors: no such node, or more than one; no fixed address; no console zone; error correction
/// (`ecc-size`), memory that Linux caches (`mem-type`), dumps that do not fill their part of the
/// memory, so that it depends on the kernel's version where the console begins.
[[nodiscard]] Result<Range> ramoops_console(const DeviceTree& tree);

}  // namespace kxf
