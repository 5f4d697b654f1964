// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Memory that a partition can gain and lose while it runs: /ibm,dynamic-reconfiguration-memory
/// (LoPAR 2.0, "Dynamic Reconfiguration Memory"). It is counted in logical memory blocks of one
/// size; a table says which of all possible ones the partition has.

#include <kxf/device_tree.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kxf::ppc64 {

inline constexpr std::string_view drconf_path = "/ibm,dynamic-reconfiguration-memory";
inline constexpr std::string_view drconf_usable_name = "linux,drconf-usable-memory";

struct DynamicMemory {
  std::uint64_t block_bytes = 0;  ///< ibm,lmb-size
  std::string encoding;           ///< property that was read, or both
  std::uint64_t blocks = 0;       ///< in the table
  std::uint64_t assigned = 0;     ///< that are RAM: assigned to this partition and not reserved
  std::vector<Range> ram;         ///< ascending, neighbours merged
  std::vector<Range> runs;        ///< blocks that are RAM, in the order in which Linux reads them
  bool limited = false;           ///< by linux,drconf-usable-memory, for a kdump kernel
};

/// Nothing when the tree has no such node, or it has no table.
/// Errors: a block size that is none, a table that is truncated or longer than it says, blocks that
/// overlap or are not at multiples of the block size, two encodings that contradict each other.
[[nodiscard]] Result<std::optional<DynamicMemory>> dynamic_memory(const DeviceTree& tree);

}  // namespace kxf::ppc64
