// SPDX-License-Identifier: Apache-2.0
//
// The tables that the plan has for the purgatory, walked as the architecture says, and walked by
// the purgatory's own code.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <string>
#include <vector>

#include "arm64/page_tables.hpp"
#include "arm64/purgatory/mmu.h"

namespace arm64_page_tables_test {
namespace {

using kxf::Range;
using kxf::RangeSet;
using kxf::arm64::Access;
using kxf::arm64::Granule;
using kxf::arm64::Mapping;
using kxf::arm64::PageTables;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;
constexpr std::uint64_t tib = 1024 * gib;

Granule granule_of(std::uint64_t bytes) {
  const auto granule = Granule::of(bytes);
  REQUIRE(granule.has_value());
  return *granule;
}

PageTables tables_of(std::uint64_t granule, std::uint64_t at,
                     const std::vector<Mapping>& mappings) {
  auto made = kxf::arm64::make_page_tables(granule_of(granule), at, mappings);
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
  return *made;
}

// ---- the architecture's walk, by tables of DDI 0487, D8.2 and D8.3, not by the code under test
// ---

/// What the manual's tables say of a granule.
struct Geometry {
  unsigned page_bits;
  unsigned index_bits;
  unsigned root_level(unsigned va_bits) const {
    if (page_bits == 12) return va_bits > 39 ? 0 : va_bits > 30 ? 1 : 2;
    if (page_bits == 14) return va_bits > 47 ? 0 : va_bits > 36 ? 1 : 2;
    return va_bits > 42 ? 1 : 2;
  }
  bool has_blocks(unsigned level) const { return level == 2 || (level == 1 && page_bits == 12); }
};

Geometry geometry_of(std::uint64_t granule) {
  if (granule == 4 * kib) return {12, 9};
  if (granule == 16 * kib) return {14, 11};
  return {16, 13};
}

struct Leaf {
  Range range;
  std::uint64_t output;
  std::uint64_t descriptor;
  unsigned level;
};

class Walker {
 public:
  Walker(std::uint64_t granule, std::uint64_t at, const PageTables& tables)
      : geometry_(geometry_of(granule)), at_(at), bytes_(tables.bytes, kxf::Endian::little) {
    walk(at, geometry_.root_level(tables.va_bits), 0, tables.va_bits);
  }
  [[nodiscard]] const std::vector<Leaf>& leaves() const { return leaves_; }
  [[nodiscard]] std::size_t tables_seen() const { return tables_; }
  [[nodiscard]] bool sound() const { return sound_; }

 private:
  [[nodiscard]] std::uint64_t address(std::uint64_t descriptor, unsigned low) const {
    std::uint64_t found = (descriptor & 0xffffffffffff) >> low << low;
    if (geometry_.page_bits == 16) found |= ((descriptor >> 12U) & 15U) << 48U;
    return found;
  }

  void walk(std::uint64_t table, unsigned level, std::uint64_t base, unsigned bits_above) {
    ++tables_;
    const unsigned shift = geometry_.page_bits + (3 - level) * geometry_.index_bits;
    const std::uint64_t entries = std::uint64_t{1} << (bits_above - shift);
    for (std::uint64_t i = 0; i < entries; ++i) {
      const auto read = bytes_.read<std::uint64_t>(table - at_ + 8 * i);
      if (!read) {
        sound_ = false;
        return;
      }
      const std::uint64_t start = base + (i << shift);
      const std::uint64_t descriptor = *read;
      if ((descriptor & 1U) == 0) continue;
      const bool bit1 = (descriptor & 2U) != 0;
      if (level < 3 && bit1) {
        walk(address(descriptor, geometry_.page_bits), level + 1, start, shift);
      } else if (level == 3 ? bit1 : geometry_.has_blocks(level)) {
        leaves_.push_back({Range::sized(start, std::uint64_t{1} << shift),
                           address(descriptor, shift), descriptor, level});
      } else {
        sound_ = false;  // reserved
      }
    }
  }

  Geometry geometry_;
  std::uint64_t at_;
  kxf::Bytes bytes_;
  std::vector<Leaf> leaves_{};
  std::size_t tables_ = 0;
  bool sound_ = true;
};

/// What a descriptor allows, by the bits of D8.4 and D8.5.
Access access_of(std::uint64_t descriptor) {
  const bool device = ((descriptor >> 2U) & 7U) == 1;
  const bool read_only = ((descriptor >> 7U) & 1U) != 0;
  const bool never = ((descriptor >> 53U) & 3U) == 3;
  if (device) return Access::device;
  if (read_only && !never) return Access::code;
  return read_only ? Access::constant : Access::data;
}

std::map<Access, RangeSet> map_of(const std::vector<Leaf>& leaves) {
  std::map<Access, std::vector<Range>> lists;
  for (const Leaf& leaf : leaves) lists[access_of(leaf.descriptor)].push_back(leaf.range);
  std::map<Access, RangeSet> map;
  for (auto& [access, ranges] : lists) map[access] = RangeSet(std::move(ranges));
  return map;
}

std::map<Access, RangeSet> wanted_map(std::uint64_t granule, const std::vector<Mapping>& mappings) {
  std::map<Access, std::vector<Range>> lists;
  for (const Mapping& mapping : mappings)
    if (!mapping.range.empty()) lists[mapping.access].push_back(mapping.range);
  std::map<Access, RangeSet> map;
  for (auto& [access, ranges] : lists) map[access] = RangeSet(std::move(ranges)).grown_to(granule);
  return map;
}

/// Could two leaves beside one another have been one?
bool has_splinters(const Geometry& geometry, const std::vector<Leaf>& leaves) {
  std::map<std::pair<unsigned, std::uint64_t>, std::uint64_t> in_block;  // level and base: bytes
  for (const Leaf& leaf : leaves) {
    if (leaf.level == 0 || !geometry.has_blocks(leaf.level - 1)) continue;
    const std::uint64_t above = leaf.range.size_bytes() << geometry.index_bits;
    const auto key =
        std::pair(leaf.level, leaf.range.start / above * 8 +
                                  static_cast<std::uint64_t>(access_of(leaf.descriptor)));
    if ((in_block[key] += leaf.range.size_bytes()) == above) return true;
  }
  return false;
}

struct Layout {
  std::uint64_t granule;
  std::vector<Mapping> mappings;
};

/// Up to eight ranges of any size and place, apart from one another.
rc::Gen<Layout> layouts() {
  return rc::gen::exec([] {
    Layout layout{*rc::gen::element(4 * kib, 16 * kib, 64 * kib), {}};
    const unsigned most_bits = layout.granule == 64 * kib ? 52 : 48;
    const unsigned bits = *rc::gen::inRange(30U, most_bits + 1);
    std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, (std::uint64_t{1} << bits) / 2);
    const auto count = *rc::gen::inRange(1, 9);
    for (int i = 0; i < count; ++i) {
      const unsigned size_bits = *rc::gen::inRange(1U, layout.granule == 4 * kib ? 37U : 33U);
      const auto size = *rc::gen::inRange<std::uint64_t>(1, std::uint64_t{1} << size_bits);
      if (*rc::gen::arbitrary<bool>()) at = kxf::align_down(at, 2 * mib);
      if (at + size > std::uint64_t{1} << most_bits) break;
      layout.mappings.push_back(
          {Range::sized(at, size),
           *rc::gen::element(Access::code, Access::constant, Access::data, Access::device)});
      const unsigned gap_bits = *rc::gen::inRange(1U, 40U);
      at = kxf::align_up(at + size, 2 * layout.granule).value() +
           *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << gap_bits) + 2 * mib;
    }
    if (layout.mappings.empty())
      layout.mappings.push_back({{0x40000000, 0x40001000}, Access::code});
    return layout;
  });
}

std::string text_of(const PageTables& tables) {
  std::string text = std::to_string(tables.count) + " tables";
  for (const auto& [size, count] : tables.leaves)
    text += ", " + std::to_string(count) + " of " + kxf::size_text(size);
  return text;
}

}  // namespace

TEST_CASE("page tables map exactly what is wanted, to itself, by the largest blocks") {
  CHECK(rc::check([] {
    const Layout layout = *layouts();
    const std::uint64_t at = 0x1234560000;
    const auto granule = Granule::of(layout.granule);
    const auto tables = kxf::arm64::make_page_tables(*granule, at, layout.mappings);
    RC_ASSERT(tables.has_value());
    const Walker walker(layout.granule, at, *tables);
    RC_ASSERT(walker.sound());
    RC_ASSERT(walker.tables_seen() == tables->count);
    RC_ASSERT(tables->bytes.size() == tables->count * layout.granule);
    for (const Leaf& leaf : walker.leaves()) RC_ASSERT(leaf.output == leaf.range.start);
    RC_ASSERT(map_of(walker.leaves()) == wanted_map(layout.granule, layout.mappings));
    RC_ASSERT(!has_splinters(geometry_of(layout.granule), walker.leaves()));
  }));
}

TEST_CASE("page tables never take more than the bound that is known before anything has a place") {
  CHECK(rc::check([] {
    const Layout layout = *layouts();
    const auto granule = Granule::of(layout.granule);
    const auto tables = kxf::arm64::make_page_tables(*granule, 0x1234560000, layout.mappings);
    RC_ASSERT(tables.has_value());
    std::vector<std::uint64_t> sizes;
    for (const Mapping& mapping : layout.mappings) sizes.push_back(mapping.range.size_bytes());
    RC_ASSERT(tables->bytes.size() <= kxf::arm64::most_table_bytes(*granule, sizes));
  }));
}

TEST_CASE("the purgatory's own walk finds every mapping, and none that another bit would make") {
  CHECK(rc::check([] {
    const Layout layout = *layouts();
    const auto granule = Granule::of(layout.granule);
    // The code reads tables where they are: here, in this process.
    std::vector<std::uint64_t> words(
        kxf::arm64::make_page_tables(*granule, 0, layout.mappings)->bytes.size() / 8 +
        layout.granule / 8);
    const auto place = reinterpret_cast<std::uint64_t>(words.data());
    const std::uint64_t at = kxf::align_up(place, layout.granule).value();
    const auto tables = kxf::arm64::make_page_tables(*granule, at, layout.mappings);
    RC_PRE(tables.has_value());
    const kxf::Bytes bytes(tables->bytes, kxf::Endian::little);
    auto* const copy = words.data() + (at - place) / 8;
    for (std::size_t i = 0; i < tables->bytes.size() / 8; ++i)
      copy[i] = *bytes.read<std::uint64_t>(8 * i);
    kxf_mmu mmu{};
    mmu.tables = at;
    mmu.tables_size = tables->bytes.size();
    mmu.granule_bits = granule->bits();
    mmu.first_level = granule->first_level(tables->va_bits);
    mmu.va_bits = tables->va_bits;
    RC_ASSERT(kxf_mmu_sum(copy, mmu.tables_size) == kxf::arm64::sum_of(tables->bytes));
    for (const Mapping& mapping : layout.mappings) {
      const kxf_mapping good{mapping.range.start, mapping.range.end,
                             kxf::arm64::attributes_of(mapping.access)};
      RC_ASSERT(kxf_mmu_maps(&mmu, &good) != 0);
      const kxf_mapping other{mapping.range.start, mapping.range.end, good.attributes ^ (1U << 7U)};
      RC_ASSERT(kxf_mmu_maps(&mmu, &other) == 0);
      const kxf_mapping longer{mapping.range.start,
                               kxf::align_up(mapping.range.end, layout.granule).value() + 1,
                               good.attributes};
      RC_ASSERT(kxf_mmu_maps(&mmu, &longer) == 0);
    }
    // Any one bit of an entry in use that is not ignored; the walk never leaves the tables.
    const auto index = *rc::gen::inRange<std::size_t>(0, tables->bytes.size() / 8);
    const auto flipped = *rc::gen::inRange(0U, 64U);
    const std::uint64_t before = kxf_mmu_sum(copy, mmu.tables_size);
    copy[index] ^= std::uint64_t{1} << flipped;
    RC_ASSERT(kxf_mmu_sum(copy, mmu.tables_size) != before);
    for (const Mapping& mapping : layout.mappings) {
      const kxf_mapping wanted{mapping.range.start, mapping.range.end,
                               kxf::arm64::attributes_of(mapping.access)};
      (void)kxf_mmu_maps(&mmu, &wanted);
    }
  }));
}

TEST_CASE("page tables use the blocks that their granule has") {
  const std::vector<Mapping> one{{Range::sized(gib, 3 * gib), Access::constant}};
  CHECK(text_of(tables_of(4 * kib, 0x40000000, one)) == "1 tables, 3 of 1 GiB");
  CHECK(text_of(tables_of(16 * kib, 0x40000000, one)) == "1 tables, 96 of 32 MiB");
  CHECK(text_of(tables_of(64 * kib, 0x40000000, one)) == "1 tables, 6 of 512 MiB");
  const std::vector<Mapping> odd{{{2 * mib - 4 * kib, 6 * mib + 4 * kib}, Access::constant}};
  CHECK(text_of(tables_of(4 * kib, 0x40000000, odd)) == "4 tables, 2 of 4 KiB, 2 of 2 MiB");
}

TEST_CASE("the size of the VA range and of physical addresses follows what is mapped") {
  struct Case {
    std::uint64_t granule, at;
    unsigned va_bits, output_bits, first_level;
  };
  for (const Case& wanted :
       {Case{4 * kib, gib, 32, 32, 1}, Case{4 * kib, 5 * gib, 33, 36, 1},
        Case{4 * kib, 513 * gib, 40, 40, 0}, Case{4 * kib, 200 * tib, 48, 48, 0},
        Case{16 * kib, gib, 32, 32, 2}, Case{16 * kib, 513 * gib, 40, 40, 1},
        Case{16 * kib, 200 * tib, 48, 48, 0}, Case{64 * kib, gib, 32, 32, 2},
        Case{64 * kib, 5 * tib, 43, 44, 1}, Case{64 * kib, 3000 * tib, 52, 52, 1}}) {
    CAPTURE(wanted.granule);
    CAPTURE(wanted.at);
    const PageTables tables =
        tables_of(wanted.granule, 0x40000000, {{Range::sized(wanted.at, mib), Access::data}});
    CHECK(tables.va_bits == wanted.va_bits);
    CHECK(tables.output_bits == wanted.output_bits);
    CHECK(granule_of(wanted.granule).first_level(tables.va_bits) == wanted.first_level);
  }
}

TEST_CASE("the registers say what the tables are") {
  const auto registers = [](std::uint64_t granule, std::uint64_t at, std::uint64_t address) {
    const Granule chosen = granule_of(granule);
    return kxf::arm64::registers_for(
        chosen, at, tables_of(granule, at, {{Range::sized(address, mib), Access::data}}));
  };
  // T0SZ 32, IRGN0 and ORGN0 1, SH0 3, TG0 0, EPD1, TG1 2, IPS 0; PS 0 and the RES1 bits.
  const auto small = registers(4 * kib, 0x40000000, gib);
  CHECK(small.ttbr0 == 0x40000000);
  CHECK(small.mair == 0x04ff);
  CHECK(small.tcr_two_ranges == 0x80a03520);
  CHECK(small.tcr_one_range == 0x80803520);
  // T0SZ 24, TG0 2, TG1 1, IPS and PS 2 (40 bits)
  const auto middle = registers(16 * kib, 0x40000000, 513 * gib);
  CHECK(middle.tcr_two_ranges == (0x2'0000'0000 | 0x4098b518));
  CHECK(middle.tcr_one_range == 0x8082b518);
  // T0SZ 12, TG0 1, TG1 3, IPS and PS 6 (52 bits); bits 51 to 48 of the address in 5 to 2
  const auto large = registers(64 * kib, 0xb'5678'0000'0000, 3000 * tib);
  CHECK(large.ttbr0 == (0x5678'0000'0000 | (0xbU << 2U)));
  CHECK(large.tcr_two_ranges == (0x6'0000'0000 | 0xc08c750cULL));
  CHECK(large.tcr_one_range == 0x8086750c);
}

TEST_CASE(
    "every mapping is accessed, of one memory type, and executable only where it is read-only") {
  for (const Access access : {Access::code, Access::constant, Access::data, Access::device}) {
    const std::uint64_t attributes = kxf::arm64::attributes_of(access);
    CHECK((attributes >> 10U & 1U) == 1);  // AF
    const bool executable = (attributes >> 53U & 3U) != 3;
    const bool writable = (attributes >> 7U & 1U) == 0;
    CHECK_FALSE((executable && writable));
    CHECK((attributes >> 6U & 1U) == 0);                                // nothing is EL0's
    CHECK((attributes >> 11U & 1U) == 0);                               // global
    if (access != Access::device) CHECK((attributes >> 8U & 3U) == 3);  // inner shareable
  }
}

TEST_CASE("what tables cannot hold is refused") {
  const auto refusal = [](std::uint64_t granule, const std::vector<Mapping>& mappings) {
    const auto made = kxf::arm64::make_page_tables(granule_of(granule), 0x40000000, mappings);
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
  };
  CHECK(refusal(4 * kib, {{Range::sized(256 * tib - kib, 2 * kib), Access::data}}) ==
        "0xfffffffffc00-0x10000000003ff has addresses of more than 48 bits, which tables of 4 KiB "
        "pages cannot hold");
  CHECK(refusal(64 * kib, {{Range::sized(4096 * tib - kib, 2 * kib), Access::data}})
            .find("more than 52 bits") != std::string::npos);
  CHECK(refusal(64 * kib, {{{0x40000000, 0x40001000}, Access::code},
                           {{0x40008000, 0x40009000}, Access::data}}) ==
        "0x40000000-0x4000ffff and 0x40000000-0x4000ffff share a page of 64 KiB and need different "
        "access");
  CHECK_FALSE(Granule::of(8 * kib).has_value());
}

}  // namespace arm64_page_tables_test
