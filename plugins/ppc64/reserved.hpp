// SPDX-License-Identifier: Apache-2.0
#pragma once

/// All memory that a load must keep out of, whichever source listed it as RAM.

#include <kxf/machine.hpp>
#include <kxf/memory.hpp>
#include <kxf/record.hpp>
#include <vector>

namespace kxf::ppc64 {

/// The label of the running kernel's own memory among them.
inline constexpr std::string_view running_kernel_label = "running kernel";

/// The running kernel, its hash table, RTAS, OPAL, TCE tables, reserved-ranges, /reserved-memory,
/// /memreserve/, the crash region (of kind crash_kernel) and an initrd that the kernel keeps.
/// Ranges may overlap, touch and be nested; their ends need not be aligned.
/// Errors: a property that cannot be read, an address without a size.
[[nodiscard]] Result<std::vector<MemoryRange>> reserved_memory(const Machine& machine,
                                                               const DeviceTree& tree,
                                                               Record& record);

}  // namespace kxf::ppc64
