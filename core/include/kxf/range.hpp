// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Physical memory `[start, end)`, in bytes. Empty when start >= end. The very last byte of the
/// 64-bit space cannot be covered; no machine has memory there.
struct Range {
  std::uint64_t start = 0;
  std::uint64_t end = 0;

  /// `[start, start + size)`, cut off at the end of the address space instead of wrapping.
  [[nodiscard]] static constexpr Range sized(std::uint64_t start, std::uint64_t size) {
    return {start, size > UINT64_MAX - start ? UINT64_MAX : start + size};
  }

  [[nodiscard]] constexpr bool empty() const noexcept { return start >= end; }
  [[nodiscard]] constexpr std::uint64_t size_bytes() const noexcept {
    return empty() ? 0 : end - start;
  }
  [[nodiscard]] constexpr bool contains(std::uint64_t address) const noexcept {
    return start <= address && address < end;
  }
  [[nodiscard]] constexpr bool contains(const Range& other) const noexcept {
    return other.empty() || (start <= other.start && other.end <= end);
  }
  [[nodiscard]] constexpr bool overlaps(const Range& other) const noexcept {
    return !empty() && !other.empty() && start < other.end && other.start < end;
  }
  [[nodiscard]] constexpr Range intersection(const Range& other) const noexcept {
    const Range common{start > other.start ? start : other.start,
                       end < other.end ? end : other.end};
    return common.empty() ? Range{} : common;
  }
  constexpr auto operator<=>(const Range&) const = default;
};

/// Every address there is, but for the last byte.
inline constexpr Range whole_address_space{0, UINT64_MAX};

/// `0x40000000-0x7fffffff` style text with an inclusive end, as /proc/iomem prints it.
[[nodiscard]] KXF_API std::string to_text(const Range& range);
/// `0x40200000`.
[[nodiscard]] KXF_API std::string hex(std::uint64_t value);
/// `35 MiB`, `4 KiB`, `12 bytes`: for messages; rounds down to one decimal.
[[nodiscard]] KXF_API std::string size_text(std::uint64_t size_bytes);

/// The next multiple of `alignment` (a power of two) at or above `value`; nothing when it would
/// not fit 64 bits.
[[nodiscard]] constexpr std::optional<std::uint64_t> align_up(std::uint64_t value,
                                                              std::uint64_t alignment) {
  const std::uint64_t mask = alignment - 1;
  if (value > UINT64_MAX - mask) return std::nullopt;
  return (value + mask) & ~mask;
}
[[nodiscard]] constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
  return value & ~(alignment - 1);
}
[[nodiscard]] constexpr bool is_power_of_two(std::uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

/// A set of addresses: ascending, disjoint, non-adjacent, non-empty ranges. The algebra is exact
/// for nested, overlapping and touching operands in any order. All operations take time n log n
/// or better in the number of ranges.
class KXF_API RangeSet {
 public:
  RangeSet() = default;
  RangeSet(std::initializer_list<Range> ranges) : RangeSet(std::vector<Range>(ranges)) {}
  /// Any ranges in any order; they are sorted and merged.
  explicit RangeSet(std::vector<Range> ranges);

  [[nodiscard]] const std::vector<Range>& ranges() const noexcept { return ranges_; }
  [[nodiscard]] auto begin() const noexcept { return ranges_.begin(); }
  [[nodiscard]] auto end() const noexcept { return ranges_.end(); }
  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t size_bytes() const noexcept;

  /// Does one range of the set contain all of `range`? True for an empty one.
  [[nodiscard]] bool contains(const Range& range) const noexcept;
  [[nodiscard]] bool overlaps(const Range& range) const noexcept;

  [[nodiscard]] RangeSet united(const RangeSet& other) const;
  [[nodiscard]] RangeSet minus(const RangeSet& other) const;
  [[nodiscard]] RangeSet intersected(const RangeSet& other) const;
  /// Each range shrunk inward to multiples of `alignment` (a power of two).
  [[nodiscard]] RangeSet trimmed_to(std::uint64_t alignment) const;
  /// Each range grown outward to multiples of `alignment` (a power of two).
  [[nodiscard]] RangeSet grown_to(std::uint64_t alignment) const;

  bool operator==(const RangeSet&) const = default;

 private:
  std::vector<Range> ranges_;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
