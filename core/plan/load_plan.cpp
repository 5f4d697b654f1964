// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "kxf/plan.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

std::string_view name_of(Backend backend) {
  return backend == Backend::kexec_load ? "kexec_load" : "kexec_file_load";
}

namespace {

/// Destination rules that the kernel checks for each segment (sanity_check_segment_list()) and
/// those that keep the running system whole until the jump.
Status check_segment(const Segment& segment, const PlanParts& parts, const RangeSet& allowed) {
  const Range& range = segment.range;
  const auto what = [&] { return fmt::format("segment {} at {}", segment.name, to_text(range)); };
  if (segment.name.empty())
    return broken(fmt::format("a segment at {} has no name", to_text(range)));
  if (range.empty()) return broken(fmt::format("segment {} is empty", segment.name));
  if (range.start % parts.page_size_bytes != 0 || range.end % parts.page_size_bytes != 0)
    return broken(fmt::format("{} is not made of whole pages of {}", what(),
                              size_text(parts.page_size_bytes)));
  if (segment.bytes.size_bytes() > range.size_bytes())
    return broken(fmt::format("{} has {} bytes for {} bytes of memory", what(),
                              segment.bytes.size_bytes(), range.size_bytes()));
  if (!allowed.contains(range))
    return broken(fmt::format("{} leaves the memory that this load may use", what()));
  return {};
}

Status check_placed(const PlanParts& parts) {
  if (!is_power_of_two(parts.page_size_bytes))
    return broken(fmt::format("a plan with a page size of {} bytes", parts.page_size_bytes));
  const RangeSet& allowed = parts.crash ? parts.memory.crash_regions() : parts.memory.usable();
  std::vector<const Segment*> ascending;
  for (const Segment& segment : parts.segments) {
    KXF_CHECK(check_segment(segment, parts, allowed));
    ascending.push_back(&segment);
  }
  std::ranges::sort(ascending, {}, [](const Segment* segment) { return segment->range.start; });
  for (std::size_t i = 1; i < ascending.size(); ++i)
    if (ascending[i - 1]->range.overlaps(ascending[i]->range))
      return broken(
          fmt::format("segments {} and {} overlap", ascending[i - 1]->name, ascending[i]->name));
  const bool entry_inside = std::ranges::any_of(
      parts.segments, [&](const Segment& segment) { return segment.range.contains(parts.entry); });
  if (!entry_inside)
    return broken(fmt::format("the entry {} lies in no segment", hex(parts.entry)));
  return {};
}

}  // namespace

Result<LoadPlan> LoadPlan::make(PlanParts parts) {
  if (parts.segments.empty()) return broken("a plan without segments");
  if (parts.segments.size() > max_segments)
    return refuse(fmt::format("the plan has {} segments, the kernel takes {}",
                              parts.segments.size(), max_segments),
                  "merge the initrds into one file");
  if (parts.backend == Backend::kexec_load) KXF_CHECK(check_placed(parts));
  return LoadPlan(std::make_shared<const PlanParts>(std::move(parts)));
}

const Segment* LoadPlan::segment(std::string_view name) const noexcept {
  const auto found = std::ranges::find(parts_->segments, name, &Segment::name);
  return found == parts_->segments.end() ? nullptr : &*found;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
