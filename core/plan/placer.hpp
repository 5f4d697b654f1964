// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Finds a place for every segment of a plan, by the rules of the architecture.

#include <optional>
#include <span>
#include <vector>

#include "kxf/memory.hpp"
#include "kxf/placement.hpp"
#include "kxf/result.hpp"

namespace kxf {

/// What placement works with.
struct PlacementSpace {
  const MemoryMap& memory;            ///< explains what is in the way
  const RangeSet& allowed;            ///< memory that segments may use
  std::uint64_t page_size_bytes = 0;  ///< segments are made of whole pages
};

/// One place per rule, in the order of the rules; places are disjoint and made of whole pages.
///
/// The first rule is the anchor. The parts of memory that it can start in are tried from the end
/// that it prefers; there, every rule first gets its preferred place in turn, and if that does not
/// work out, all orders and holes are tried. So a placement that exists is found (up to a bound on
/// the work that only hopelessly fragmented memory reaches). Errors: nothing fits: what was asked,
/// the largest holes, and what ends each of them.
[[nodiscard]] Result<std::vector<Place>> place_segments(const PlacementSpace& space,
                                                        std::span<const PlacementRule> rules);

/// The rule's window, cut by `near` for an anchor that starts there.
[[nodiscard]] Range window_near(const PlacementRule& rule, std::uint64_t anchor_start);

/// The place of one segment by its rule's preference when nothing else has to go into `holes`;
/// `near` does not count. Nothing when it does not fit.
[[nodiscard]] std::optional<Range> place_alone(const RangeSet& holes, const PlacementRule& rule,
                                               std::uint64_t page_size_bytes);

}  // namespace kxf
