// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What Power says of a crash kernel.

#include <kxf/architecture.hpp>

namespace kxf::ppc64 {

/// What a crash kernel overwrites while it starts, whatever it was linked for: vectors and early
/// code at 0 (BACKUP_SRC_SIZE in asm/crashdump-ppc64.h). The purgatory saves it first. The first
/// head_bytes of it are the crash kernel's own by then, not the crashed one's: the running kernel
/// puts them there for its other CPUs before it enters the purgatory.
inline constexpr Range backed_up{0, 64 * 1024};

/// Linear map, backup, firmware that is dumped from crash regions, memory that is left out, and how
/// much the next tree may grow.
/// Errors: no device tree, properties of it that cannot be read.
[[nodiscard]] Result<CrashLayout> crash_layout(const ArchitectureQuestion& question,
                                               Record& record);

/// What a crash kernel may use of each piece of memory (`linux,usable-memory`,
/// `linux,drconf-usable-memory`) and, in the reservation block, the memory of the crashed kernel
/// that lies among it. Where the core header is, the command line says.
/// Errors: properties of memory or firmware that cannot be read, a number that does not fit the
/// cells of the tree's root.
[[nodiscard]] Status announce_crash(TreeEditor& editor, const CrashPlaces& places);

/// The last look at the tree of a crash load whose kernel is in `home`, one of the `regions`.
/// Errors: the kernel would use memory of the crashed one, or lacks some of its own.
[[nodiscard]] Status check_crash_tree(const DeviceTree& tree, const RangeSet& regions,
                                      const Range& home);

}  // namespace kxf::ppc64
