// SPDX-License-Identifier: Apache-2.0
#include "kxf/range.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// Sorted ranges become ascending, disjoint, non-adjacent and non-empty, in place.
void merge_sorted(std::vector<Range>& ranges) {
  auto last = ranges.begin();  // one behind the last range that is kept
  for (const Range& range : ranges) {
    if (range.empty()) continue;
    if (last != ranges.begin() && range.start <= std::prev(last)->end) {
      std::prev(last)->end = std::max(std::prev(last)->end, range.end);
    } else {
      *last++ = range;
    }
  }
  ranges.erase(last, ranges.end());
}

}  // namespace

std::string to_text(const Range& range) {
  if (range.empty()) return fmt::format("nothing at {:#x}", range.start);
  return fmt::format("{:#x}-{:#x}", range.start, range.end - 1);
}

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

std::string size_text(std::uint64_t size_bytes) {
  if (size_bytes == 1) return "1 byte";
  if (size_bytes < 1024) return fmt::format("{} bytes", size_bytes);
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  unsigned shift = 10;
  while (shift < 60 && (size_bytes >> (shift + 10)) != 0) {
    shift += 10;
    ++unit;
  }
  const std::uint64_t whole = size_bytes >> shift;
  // The remainder is below 2^60, so ten times it fits.
  const std::uint64_t tenth = (size_bytes - (whole << shift)) * 10 >> shift;
  if (tenth == 0) return fmt::format("{} {}", whole, units[unit]);
  return fmt::format("{}.{} {}", whole, tenth, units[unit]);
}

RangeSet::RangeSet(std::vector<Range> ranges) : ranges_(std::move(ranges)) {
  std::sort(ranges_.begin(), ranges_.end());
  merge_sorted(ranges_);
}

std::uint64_t RangeSet::size_bytes() const noexcept {
  std::uint64_t sum = 0;  // disjoint ranges of a 64-bit space: cannot overflow
  for (const Range& range : ranges_) sum += range.size_bytes();
  return sum;
}

bool RangeSet::contains(const Range& range) const noexcept {
  if (range.empty()) return true;
  // The only candidate is the last range that starts at or below `range`.
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), range.start,
                       [](std::uint64_t start, const Range& own) { return start < own.start; });
  return after != ranges_.begin() && std::prev(after)->contains(range);
}

bool RangeSet::overlaps(const Range& range) const noexcept {
  if (range.empty()) return false;
  // The only candidate is the first range that ends above the start of `range`.
  const auto first =
      std::upper_bound(ranges_.begin(), ranges_.end(), range.start,
                       [](std::uint64_t start, const Range& own) { return start < own.end; });
  return first != ranges_.end() && first->overlaps(range);
}

RangeSet RangeSet::united(const RangeSet& other) const {
  RangeSet result;
  result.ranges_.reserve(ranges_.size() + other.ranges_.size());
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(result.ranges_));
  merge_sorted(result.ranges_);
  return result;
}

RangeSet RangeSet::minus(const RangeSet& other) const {
  RangeSet result;
  auto cut = other.ranges_.begin();
  for (Range rest : ranges_) {
    while (cut != other.ranges_.end() && cut->end <= rest.start) ++cut;
    while (cut != other.ranges_.end() && cut->start < rest.end) {
      if (rest.start < cut->start) result.ranges_.push_back({rest.start, cut->start});
      rest.start = cut->end;
      if (cut->end > rest.end) break;  // it may cut the next range as well
      ++cut;
    }
    if (!rest.empty()) result.ranges_.push_back(rest);
  }
  return result;
}

RangeSet RangeSet::intersected(const RangeSet& other) const {
  RangeSet result;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const Range common = a->intersection(*b);
    if (!common.empty()) result.ranges_.push_back(common);
    (a->end < b->end ? a : b)++;
  }
  return result;
}

RangeSet RangeSet::trimmed_to(std::uint64_t alignment) const {
  RangeSet result;
  for (const Range& range : ranges_) {
    const auto start = align_up(range.start, alignment);
    if (!start) continue;
    const Range inner{*start, align_down(range.end, alignment)};
    if (!inner.empty()) result.ranges_.push_back(inner);
  }
  return result;
}

RangeSet RangeSet::grown_to(std::uint64_t alignment) const {
  RangeSet result;
  for (const Range& range : ranges_)
    result.ranges_.push_back(
        {align_down(range.start, alignment), align_up(range.end, alignment).value_or(UINT64_MAX)});
  merge_sorted(result.ranges_);
  return result;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
