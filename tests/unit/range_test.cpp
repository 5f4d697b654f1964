// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bitset>

#include "kxf/range.hpp"

namespace range_test {

using kxf::Range;
using kxf::RangeSet;

namespace {

constexpr std::size_t addresses = 256;
using Bitmap = std::bitset<addresses>;

/// Ranges over a small window of the address space, in any order, also empty and reversed ones.
struct Sample {
  std::uint64_t base = 0;  ///< of the window; a multiple of its size
  std::vector<Range> ranges;

  /// The last byte of the 64-bit space cannot be covered.
  [[nodiscard]] std::uint64_t last() const {
    return base > UINT64_MAX - addresses ? addresses - 1 : addresses;
  }
};

Sample sample_at(std::uint64_t base) {
  Sample sample{base, {}};
  const auto edge = rc::gen::inRange<std::uint64_t>(0, sample.last() + 1);
  for (const auto& [a, b] :
       *rc::gen::container<std::vector<std::pair<std::uint64_t, std::uint64_t>>>(
           rc::gen::pair(edge, edge)))
    sample.ranges.push_back({base + a, base + b});
  return sample;
}

std::uint64_t any_base() {
  return *rc::gen::element<std::uint64_t>(0, 0x40000000, 0xffffffffffffff00);
}

Bitmap bitmap(const std::vector<Range>& ranges, std::uint64_t base) {
  Bitmap bits;
  for (const Range& range : ranges)
    for (std::uint64_t at = range.start; at < range.end; ++at) bits.set(at - base);
  return bits;
}

/// Ascending, disjoint, non-adjacent, non-empty.
bool is_canonical(const RangeSet& set) {
  std::uint64_t free_from = 0;
  bool first = true;
  for (const Range& range : set) {
    if (range.empty() || (!first && range.start <= free_from)) return false;
    free_from = range.end;
    first = false;
  }
  return true;
}

bool matches(const RangeSet& set, const Bitmap& bits, std::uint64_t base) {
  return is_canonical(set) && bitmap(set.ranges(), base) == bits &&
         set.size_bytes() == bits.count();
}

}  // namespace

TEST_CASE("a range set covers what its ranges cover, in any order") {
  CHECK(rc::check([] {
    const Sample a = sample_at(any_base());
    RC_ASSERT(matches(RangeSet(a.ranges), bitmap(a.ranges, a.base), a.base));
  }));
}

TEST_CASE("union, difference and intersection equal those of bitmaps") {
  CHECK(rc::check([] {
    const Sample a = sample_at(any_base());
    const Sample b = sample_at(a.base);
    const Bitmap in_a = bitmap(a.ranges, a.base);
    const Bitmap in_b = bitmap(b.ranges, a.base);
    const RangeSet set_a(a.ranges);
    const RangeSet set_b(b.ranges);
    RC_ASSERT(matches(set_a.united(set_b), in_a | in_b, a.base));
    RC_ASSERT(matches(set_a.minus(set_b), in_a & ~in_b, a.base));
    RC_ASSERT(matches(set_a.intersected(set_b), in_a & in_b, a.base));
  }));
}

TEST_CASE("contains and overlaps equal those of bitmaps") {
  CHECK(rc::check([] {
    const Sample a = sample_at(any_base());
    const Bitmap in_a = bitmap(a.ranges, a.base);
    const RangeSet set(a.ranges);
    const auto edge = rc::gen::inRange<std::uint64_t>(0, a.last() + 1);
    const Range asked{a.base + *edge, a.base + *edge};
    const Bitmap in_asked = bitmap({asked}, a.base);
    RC_ASSERT(set.contains(asked) == ((in_asked & ~in_a).none()));
    RC_ASSERT(set.overlaps(asked) == (in_asked & in_a).any());
  }));
}

TEST_CASE("trimming keeps whole granules, growing takes every granule that is touched") {
  CHECK(rc::check([] {
    const Sample a = sample_at(any_base());
    const Bitmap in_a = bitmap(a.ranges, a.base);
    const std::size_t granule = *rc::gen::element<std::size_t>(1, 2, 8, 64, 256);
    Bitmap whole;
    Bitmap touched;
    for (std::size_t start = 0; start < addresses; start += granule) {
      std::size_t count = 0;
      for (std::size_t i = start; i < start + granule; ++i) count += in_a[i] ? 1 : 0;
      for (std::size_t i = start; i < start + granule; ++i) {
        whole[i] = count == granule;
        touched[i] = count != 0;
      }
    }
    if (a.last() < addresses) touched[addresses - 1] = false;
    RC_ASSERT(matches(RangeSet(a.ranges).trimmed_to(granule), whole, a.base));
    RC_ASSERT(matches(RangeSet(a.ranges).grown_to(granule), touched, a.base));
  }));
}

TEST_CASE("touching ranges merge and nested ones vanish") {
  const RangeSet set{{0x3000, 0x4000}, {0x1000, 0x2000}, {0x2000, 0x3000}, {0x1800, 0x1900}};
  REQUIRE(set.ranges().size() == 1);
  CHECK(set.ranges()[0] == Range{0x1000, 0x4000});
}

TEST_CASE("a sized range is cut off at the end of the address space") {
  CHECK(Range::sized(UINT64_MAX - 1, 4096) == Range{UINT64_MAX - 1, UINT64_MAX});
  CHECK(Range::sized(0x1000, 0).empty());
}

TEST_CASE("a set of 200000 ranges is subtracted from another in a moment") {
  std::vector<Range> even;
  std::vector<Range> odd;
  for (std::uint64_t i = 0; i < 200000; ++i)
    (i % 2 == 0 ? even : odd).push_back({i * 0x1000, i * 0x1000 + 0x1000});
  const RangeSet all{{0, 200000ULL * 0x1000}};
  CHECK(all.minus(RangeSet(even)) == RangeSet(odd));
  CHECK(RangeSet(even).minus(all).empty());
  CHECK(RangeSet(even).united(RangeSet(odd)) == all);
}

TEST_CASE("ranges and sizes read as a person writes them") {
  CHECK(kxf::to_text({0x40000000, 0x80000000}) == "0x40000000-0x7fffffff");
  CHECK(kxf::to_text({0x1000, 0x1000}) == "nothing at 0x1000");
  CHECK(kxf::hex(0) == "0x0");
  CHECK(kxf::hex(0x40200000) == "0x40200000");
  CHECK(kxf::size_text(0) == "0 bytes");
  CHECK(kxf::size_text(1) == "1 byte");
  CHECK(kxf::size_text(12) == "12 bytes");
  CHECK(kxf::size_text(1023) == "1023 bytes");
  CHECK(kxf::size_text(4096) == "4 KiB");
  CHECK(kxf::size_text(35U << 20U) == "35 MiB");
  CHECK(kxf::size_text((35U << 20U) - 1) == "34.9 MiB");
  CHECK(kxf::size_text(1536) == "1.5 KiB");
  CHECK(kxf::size_text(UINT64_MAX) == "15.9 EiB");
}

TEST_CASE("aligning up says when the result does not fit") {
  CHECK(kxf::align_up(0x1001, 0x1000) == 0x2000);
  CHECK(kxf::align_up(0x1000, 0x1000) == 0x1000);
  CHECK(!kxf::align_up(UINT64_MAX, 0x1000));
  CHECK(kxf::align_down(0x1fff, 0x1000) == 0x1000);
}

}  // namespace range_test
