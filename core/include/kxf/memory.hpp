// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// What a piece of physical memory is to a loader.
enum class MemoryKind : std::uint8_t {
  ram,             ///< memory that the next kernel may use
  reserved,        ///< in use by firmware or a device across the jump: no segment may touch it
  no_map,          ///< like reserved; must not even be mapped (`no-map` in reserved-memory)
  crash_kernel,    ///< reserved for a crash kernel: only a crash load may use it
  running_kernel,  ///< the kernel that runs now; it may be overwritten, for information
};
[[nodiscard]] KXF_API std::string_view name_of(MemoryKind kind);

/// One range as one source sees it.
struct MemoryRange {
  Range range;
  MemoryKind kind = MemoryKind::reserved;
  std::string label;       ///< the source's own words: `System RAM`, `/reserved-memory/optee@0`
  std::string source;      ///< the MemorySource (`dt`, `iomem`) or `profile`: the provenance
  bool hand_over = false;  ///< the next tree must reserve it, too: nothing else tells that kernel
  /// The running kernel says that it uses this as RAM, whatever it is to a loader: a dump has it.
  bool running_ram = false;
};

/// Two sources that contradict each other about RAM.
struct MemoryDisagreement {
  Range range;
  std::string said_by;    ///< the source that says it is RAM
  std::string denied_by;  ///< the source that also lists RAM, but not here
};

/// All that is known about physical memory. Immutable.
///
/// RAM comes from the first source in the policy's order that lists any. Where a later source
/// lists RAM too and leaves a part out, that part is not used and a disagreement is noted: the
/// kernel may have been told not to touch it. Reservations of all sources count.
class KXF_API MemoryMap {
 public:
  MemoryMap() = default;
  MemoryMap(std::vector<MemoryRange> ranges, std::vector<MemoryDisagreement> disagreements);

  /// Every range of every source, in the order in which the sources were asked.
  [[nodiscard]] const std::vector<MemoryRange>& ranges() const noexcept { return ranges_; }
  [[nodiscard]] const std::vector<MemoryDisagreement>& disagreements() const noexcept {
    return disagreements_;
  }

  [[nodiscard]] const RangeSet& ram() const noexcept { return ram_; }
  [[nodiscard]] const RangeSet& crash_regions() const noexcept { return crash_; }
  /// RAM that a normal load may fill: without reservations and crash regions.
  [[nodiscard]] const RangeSet& usable() const noexcept { return usable_; }

  /// What keeps a segment out of `where`: the ranges that overlap it and forbid its use.
  [[nodiscard]] std::vector<MemoryRange> blockers(const Range& where) const;

 private:
  std::vector<MemoryRange> ranges_;
  std::vector<MemoryDisagreement> disagreements_;
  RangeSet ram_;
  RangeSet crash_;
  RangeSet usable_;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
