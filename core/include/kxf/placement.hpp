// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Where one segment may go. An architecture states rules; the core finds places that meet all of
/// them at once, or says which could not be met and what stood in the way.
struct PlacementRule {
  enum class Preference : std::uint8_t { lowest, highest };

  std::string name;                    ///< of the segment
  std::uint64_t size_bytes = 0;        ///< not zero
  std::uint64_t alignment = 4096;      ///< power of two, at least the page size of the plan
  std::uint64_t offset = 0;            ///< the segment starts at (multiple of alignment) + offset
  Range window = whole_address_space;  ///< must contain the segment
  /// Set: the window is further cut to [round_down(start of the first rule's segment, granule),
  /// that + length). Not for the first rule itself, which is the anchor.
  struct Near {
    std::uint64_t granule = 1;
    std::uint64_t length = 0;
  };
  std::optional<Near> near;
  /// The segment must not cross a multiple of this (a power of two); 0: it may.
  std::uint64_t no_crossing = 0;
  Preference preference = Preference::lowest;
};

/// The answer for one rule.
struct Place {
  std::string name;
  Range range;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
