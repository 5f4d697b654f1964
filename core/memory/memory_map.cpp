// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <utility>

#include "kxf/memory.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

RangeSet all_of_kind(const std::vector<MemoryRange>& ranges, MemoryKind kind,
                     std::string_view source = {}) {
  std::vector<Range> found;
  for (const MemoryRange& each : ranges)
    if (each.kind == kind && (source.empty() || each.source == source)) found.push_back(each.range);
  return RangeSet(std::move(found));
}

/// The source whose RAM counts: the first one that lists any.
std::string_view ram_source(const std::vector<MemoryRange>& ranges) {
  for (const MemoryRange& each : ranges)
    if (each.kind == MemoryKind::ram && !each.range.empty()) return each.source;
  return {};
}

}  // namespace

std::string_view name_of(MemoryKind kind) {
  switch (kind) {
    case MemoryKind::ram: return "ram";
    case MemoryKind::reserved: return "reserved";
    case MemoryKind::no_map: return "no-map";
    case MemoryKind::crash_kernel: return "crash-kernel";
    case MemoryKind::running_kernel: return "running-kernel";
  }
  return "unknown";
}

// ram() is what the first RAM-listing source lists, minus every disagreement in which that source
// says "RAM" and another denies it. A disagreement the other way round adds nothing: RAM that
// only a later source lists is not used.
MemoryMap::MemoryMap(std::vector<MemoryRange> ranges, std::vector<MemoryDisagreement> disagreements)
    : ranges_(std::move(ranges)), disagreements_(std::move(disagreements)) {
  const std::string_view source = ram_source(ranges_);
  std::vector<Range> denied;
  for (const MemoryDisagreement& each : disagreements_)
    if (each.said_by == source) denied.push_back(each.range);
  ram_ = all_of_kind(ranges_, MemoryKind::ram, source).minus(RangeSet(std::move(denied)));
  crash_ = all_of_kind(ranges_, MemoryKind::crash_kernel);
  usable_ = ram_.minus(crash_)
                .minus(all_of_kind(ranges_, MemoryKind::reserved))
                .minus(all_of_kind(ranges_, MemoryKind::no_map));
}

std::vector<MemoryRange> MemoryMap::blockers(const Range& where) const {
  std::vector<MemoryRange> found;
  for (const MemoryRange& each : ranges_) {
    const bool forbids = each.kind == MemoryKind::reserved || each.kind == MemoryKind::no_map ||
                         each.kind == MemoryKind::crash_kernel;
    if (forbids && each.range.overlaps(where)) found.push_back(each);
  }
  const std::string_view source = ram_source(ranges_);
  for (const MemoryDisagreement& each : disagreements_)
    if (each.said_by == source && each.range.overlaps(where))
      found.push_back({each.range, MemoryKind::reserved,
                       fmt::format("RAM only according to {}", each.said_by), each.denied_by});
  return found;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
