// SPDX-License-Identifier: Apache-2.0
#include "bundle/places.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kxf {
namespace {

constexpr std::string_view room_remedy =
    "use a smaller initrd, or free what blocks the memory (kxf plan -v lists all of it)";

PlacementRule preferring(PlacementRule rule, PlacementRule::Preference preference) {
  rule.preference = preference;
  return rule;
}

class BundleSearch {
 public:
  BundleSearch(const PlacementSpace& space, const BundleNeeds& needs)
      : allowed_(space.allowed),
        page_size_bytes_(space.page_size_bytes),
        image_bytes_(needs.image_bytes),
        first_(preferring(needs.purgatory, PlacementRule::Preference::lowest)),
        second_(preferring(needs.purgatory, PlacementRule::Preference::highest)),
        low_staging_(preferring(needs.staging, PlacementRule::Preference::lowest)),
        high_staging_(preferring(needs.staging, PlacementRule::Preference::highest)) {}

  /// In any solution the first purgatory can be pushed down and the second up until each hits the
  /// end of a hole or the staging, and the staging down, or up where the second is below it. So it
  /// is enough to try those, with the first purgatory before the staging and behind it.
  [[nodiscard]] std::optional<BundlePlaces> find() const {
    const auto highest = highest_purgatory();
    if (!highest || !staging_fits()) return std::nullopt;
    for (const Range& hole : allowed_) {
      const auto first = fit({hole}, first_);
      if (!first) continue;
      if (!far_enough(*first, *highest)) break;  // nor is any that lies higher
      for (const Range& other : without(*first))
        for (const PlacementRule* rule : {&low_staging_, &high_staging_})
          if (const auto staging = fit({other}, *rule))
            if (auto found = with_second(*first, *staging)) return found;
    }
    for (const Range& hole : allowed_) {
      const auto staging = fit({hole}, low_staging_);
      if (!staging) continue;
      const RangeSet behind = RangeSet{hole}.minus({*staging});
      const auto first = fit(behind, first_);
      if (!first) continue;
      if (!far_enough(*first, *highest)) break;
      if (auto found = with_second(*first, *staging)) return found;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Range> lowest_purgatory() const { return fit(allowed_, first_); }
  [[nodiscard]] std::optional<Range> highest_purgatory() const { return fit(allowed_, second_); }
  [[nodiscard]] bool staging_fits() const { return fit(allowed_, low_staging_).has_value(); }
  [[nodiscard]] bool far_enough(const Range& first, const Range& second) const {
    return second.start >= first.end && second.start - first.end >= image_bytes_;
  }

 private:
  [[nodiscard]] std::optional<Range> fit(const RangeSet& holes, const PlacementRule& rule) const {
    return place_alone(holes, rule, page_size_bytes_);
  }
  [[nodiscard]] RangeSet without(const Range& taken) const { return allowed_.minus({taken}); }
  [[nodiscard]] std::optional<BundlePlaces> with_second(const Range& first,
                                                        const Range& staging) const {
    const auto second = fit(allowed_.minus({first, staging}), second_);
    if (!second || !far_enough(first, *second)) return std::nullopt;
    return BundlePlaces{{first, *second}, staging};
  }

  const RangeSet& allowed_;
  std::uint64_t page_size_bytes_;
  std::uint64_t image_bytes_;
  PlacementRule first_;
  PlacementRule second_;
  PlacementRule low_staging_;
  PlacementRule high_staging_;
};

std::string largest_hole_text(const RangeSet& allowed) {
  const auto largest = std::ranges::max_element(allowed, {}, &Range::size_bytes);
  if (largest == allowed.end()) return "there is none";
  return fmt::format("the largest piece is {}, {}", to_text(*largest),
                     size_text(largest->size_bytes()));
}

Error no_places(const PlacementSpace& space, const BundleNeeds& needs, const BundleSearch& search) {
  const std::string staging = fmt::format(
      "{} of memory in one piece that no segment takes, to bring the payload to when "
      "it lies where segments go",
      size_text(needs.staging.size_bytes));
  const std::string apart = fmt::format(
      "two places of {} for its purgatories, {} apart so that the image cannot lie on "
      "both",
      size_text(needs.purgatory.size_bytes), size_text(needs.image_bytes));
  const auto lowest = search.lowest_purgatory();
  const auto highest = search.highest_purgatory();
  std::string text;
  if (!lowest || !highest)
    text = fmt::format("the bundle needs {}: no piece is large enough; {}", apart,
                       largest_hole_text(space.allowed));
  else if (!search.staging_fits())
    text = fmt::format("the bundle needs {}: {}", staging, largest_hole_text(space.allowed));
  else if (!search.far_enough(*lowest, *highest))
    text = fmt::format("the bundle needs {}: the lowest and the highest are {} and {}", apart,
                       to_text(*lowest), to_text(*highest));
  else
    text = fmt::format("the bundle needs {}, and {}: there is only the one or the other", apart,
                       staging);
  return {std::move(text), std::string(room_remedy), Fault::refused};
}

}  // namespace

Result<BundlePlaces> place_bundle(const PlacementSpace& space, const BundleNeeds& needs) {
  const BundleSearch search(space, needs);
  if (auto found = search.find()) return *found;
  return tl::unexpected(no_places(space, needs, search));
}

}  // namespace kxf
