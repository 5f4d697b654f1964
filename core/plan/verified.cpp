// SPDX-License-Identifier: Apache-2.0
#include "plan/verified.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crash/crash_plan.hpp"

namespace kxf {
namespace {

/// Not worth splitting below this: the last lane would wait for the others.
constexpr std::uint64_t smallest_split = 1U << 20U;

constexpr std::uint64_t block_bytes = 64;  // of SHA-256

bool is_left_out(const Segment& segment, const ArchitectureTraits& traits, bool kernel_updates) {
  if (segment.bytes.empty() || segment.name == "purgatory") return true;
  if (!kernel_updates) return false;
  return segment.name == core_header_segment ||
         (segment.name == "dtb" && traits.hotplug_rewrites_tree);
}

}  // namespace

std::vector<DigestEntry> entries_to_verify(const std::vector<Segment>& segments,
                                           const ArchitectureTraits& traits, bool kernel_updates) {
  std::vector<DigestEntry> entries;
  for (const Segment& segment : segments) {
    if (is_left_out(segment, traits, kernel_updates)) continue;
    const std::uint64_t size = segment.bytes.size_bytes();
    const std::uint64_t count = size < smallest_split ? 1 : std::max(traits.digest_parts, 1U);
    const std::uint64_t step = align_up((size + count - 1) / count, block_bytes).value_or(size);
    for (std::uint64_t at = 0; at < size; at += step)
      entries.push_back(
          {count == 1 ? segment.name : fmt::format("{}#{}", segment.name, at / step + 1),
           Range::sized(segment.range.start + at, std::min(step, size - at)),
           {}});
  }
  return entries;
}

}  // namespace kxf
