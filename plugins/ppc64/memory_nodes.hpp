// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Where RAM is, by the device tree alone.

#include <kxf/device_tree.hpp>
#include <kxf/memory.hpp>
#include <kxf/record.hpp>
#include <optional>
#include <vector>

namespace kxf::ppc64 {

/// RAM by memory nodes (each tuple of `reg`, any cell sizes) and by the dynamic reconfiguration
/// memory: in the order of the tree. Coherent memory of devices is left out. A kdump kernel's
/// limits (linux,usable-memory) are kept to.
/// Errors: a property that cannot be read, a table that contradicts itself.
[[nodiscard]] Result<std::vector<MemoryRange>> memory_nodes(const DeviceTree& tree, Record& record);

/// The lowest piece of memory that the tree lists by itself, neighbours not merged: on an LPAR the
/// real mode area (RMA), all that a CPU reaches with the MMU off (LoPAR 2.0, "Real Mode Accesses").
/// Errors: as memory_nodes(); the tree lists no memory.
[[nodiscard]] Result<Range> lowest_memory(const DeviceTree& tree);

/// Nodes of the root with device_type "memory" that are enabled, in the order of the tree.
[[nodiscard]] std::vector<Node> enabled_memory_nodes(const DeviceTree& tree);

/// Memory of accelerators, which memory_nodes() leaves out.
/// Errors: a reg that cannot be read.
[[nodiscard]] Result<std::vector<Range>> coherent_device_memory(const DeviceTree& tree);

}  // namespace kxf::ppc64
