// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Which memory a dump holds.

#include <vector>

#include "kxf/crash.hpp"
#include "kxf/memory.hpp"

namespace kxf {

/// A stretch of physical memory of the crashed kernel, and where its bytes are.
struct CoreLoad {
  Range physical;
  std::uint64_t virtual_start = 0;
  std::uint64_t stored_at = 0;  ///< physical address of the bytes: another one for the backup only

  auto operator<=>(const CoreLoad&) const = default;
};

/// The running kernel's RAM (MemoryRange::running_ram; where no source tells, the map's) without
/// crash regions and without memory that must not be mapped; reservations are in it, since the
/// running kernel may have written there. Without CrashLayout::not_dumped, with also_dumped.
[[nodiscard]] RangeSet dumped_memory(const MemoryMap& memory, const CrashLayout& layout);

/// dumped_memory() as loads: ascending, each byte once. `backup` is the segment for
/// CrashLayout::backup: a load of its own, so that the number of loads does not depend on where
/// the segment is.
[[nodiscard]] std::vector<CoreLoad> core_loads(const RangeSet& dumped, const CrashLayout& layout,
                                               const std::optional<Range>& backup);

}  // namespace kxf
