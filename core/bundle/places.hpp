// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Finds the places that a bundle needs beside those of its segments.

#include <array>

#include "kxf/placement.hpp"
#include "plan/placer.hpp"

namespace kxf {

/// What has to be placed. The rules' windows are absolute: `near` and `preference` do not count.
struct BundleNeeds {
  PlacementRule purgatory;  ///< the architecture's; holds for both places
  PlacementRule staging;
  std::uint64_t image_bytes = 0;  ///< the image must not reach from one purgatory to the other
};

struct BundlePlaces {
  std::array<Range, 2> purgatories;  ///< ascending; whole pages
  Range staging;                     ///< whole pages
};

/// `space.allowed` is memory that no segment takes. From the end of the first purgatory to the
/// start of the second are `image_bytes` at least: wherever the image lies, it misses one of them.
/// Places that exist are found. Errors: there are none: what was asked, and what there is.
[[nodiscard]] Result<BundlePlaces> place_bundle(const PlacementSpace& space,
                                                const BundleNeeds& needs);

}  // namespace kxf
