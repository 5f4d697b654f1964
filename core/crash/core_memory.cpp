// SPDX-License-Identifier: Apache-2.0
#include "crash/core_memory.hpp"

namespace kxf {
namespace {

/// What the running kernel uses as RAM. It may know more than the source whose RAM a loader goes
/// by: memory that came while it ran is not in the tree that it was booted with.
RangeSet running_ram(const MemoryMap& memory) {
  std::vector<Range> listed;
  for (const MemoryRange& each : memory.ranges())
    if (each.running_ram) listed.push_back(each.range);
  return listed.empty() ? memory.ram() : RangeSet(std::move(listed));
}

RangeSet not_mapped(const MemoryMap& memory) {
  std::vector<Range> found;
  for (const MemoryRange& each : memory.ranges())
    if (each.kind == MemoryKind::no_map) found.push_back(each.range);
  return RangeSet(std::move(found));
}

}  // namespace

RangeSet dumped_memory(const MemoryMap& memory, const CrashLayout& layout) {
  return running_ram(memory)
      .minus(memory.crash_regions())
      .minus(not_mapped(memory))
      .minus(RangeSet(layout.not_dumped))
      .united(RangeSet(layout.also_dumped));
}

std::vector<CoreLoad> core_loads(const RangeSet& dumped, const CrashLayout& layout,
                                 const std::optional<Range>& backup) {
  std::vector<CoreLoad> loads;
  const auto add = [&](const Range& physical, std::uint64_t stored_at) {
    if (!physical.empty())
      loads.push_back({physical, physical.start + layout.linear_map_offset, stored_at});
  };
  for (const Range& range : dumped) {
    const Range moved = layout.backup && backup ? range.intersection(*layout.backup) : Range{};
    if (moved.empty()) {
      add(range, range.start);
      continue;
    }
    add({range.start, moved.start}, range.start);
    add(moved, backup->start + (moved.start - layout.backup->start));
    add({moved.end, range.end}, moved.end);
  }
  return loads;
}

}  // namespace kxf
