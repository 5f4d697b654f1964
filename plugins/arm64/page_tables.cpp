// SPDX-License-Identifier: Apache-2.0
#include "arm64/page_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "purgatory/layout.h"

namespace kxf::arm64 {
namespace {

using Words = std::vector<std::uint64_t>;

// ---- descriptors (D8.3, "Translation table descriptor formats") ---------------------------------

constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
constexpr std::uint64_t mask(unsigned bits) { return bit(bits) - 1; }

constexpr std::uint64_t valid = bit(0);
constexpr std::uint64_t table_or_page = bit(1);  // clear in a block
constexpr unsigned attr_index = 2;
constexpr std::uint64_t read_only = bit(7);  // AP[2]
constexpr std::uint64_t inner_shareable = 3U << 8U;
constexpr std::uint64_t accessed = bit(10);  // AF: nobody handles an access flag fault
constexpr std::uint64_t privileged_never = bit(53);
constexpr std::uint64_t never = bit(54);

// One set of tables serves EL1, EL2 with E2H and EL2 without: which of them the old kernel leaves
// at is not known when the plan is made. The formats differ in two bits: where there is one VA
// range only, PXN is RES0 and AP[1] RES1, and both have no effect there. AP[1] is clear, so that
// with two ranges nothing is EL0's, which PSTATE.PAN would keep from us.
constexpr std::uint64_t no_execution = never | privileged_never;

constexpr unsigned normal_index = 0;
constexpr unsigned device_index = 1;
// MAIR: Normal, inner and outer write-back non-transient, read and write allocate; Device-nGnRE.
constexpr std::uint64_t mair = 0xff | (std::uint64_t{0x04} << (8 * device_index));

/// Bits 51 to 48 of an output address are in bits 15 to 12 with the 64 KiB granule.
std::uint64_t address_field(const Granule& granule, std::uint64_t address) {
  const std::uint64_t low = address & mask(48);
  return granule.bits() == 16 ? low | ((address >> 48U) << 12U) : low;
}
std::uint64_t address_in(const Granule& granule, std::uint64_t descriptor) {
  const std::uint64_t low = descriptor & mask(48) & ~mask(granule.bits());
  return granule.bits() == 16 ? low | (((descriptor >> 12U) & 15U) << 48U) : low;
}

// ---- what is wanted -----------------------------------------------------------------------------

constexpr unsigned least_va_bits = 32;  // T0SZ is at most 39 (25 bits) without FEAT_TTST
constexpr unsigned output_sizes[] = {32, 36, 40, 42, 44, 48, 52};  // TCR.IPS 0 to 6

/// Ascending, whole granules, neighbours with the same access joined.
Result<std::vector<Mapping>> tidy(const Granule& granule, std::span<const Mapping> mappings) {
  std::vector<Mapping> sorted;
  for (const Mapping& mapping : mappings) {
    if (mapping.range.empty()) continue;
    const auto end = align_up(mapping.range.end, granule.bytes());
    if (!end || *end > bit(granule.most_bits()))
      return refuse(
          fmt::format("{} has addresses of more than {} bits, which tables of {} pages "
                      "cannot hold",
                      to_text(mapping.range), granule.most_bits(), size_text(granule.bytes())),
          "leave the MMU off, or use 64 KiB pages");
    sorted.push_back({{align_down(mapping.range.start, granule.bytes()), *end}, mapping.access});
  }
  std::ranges::sort(sorted, {}, [](const Mapping& mapping) { return mapping.range.start; });
  std::vector<Mapping> joined;
  for (const Mapping& next : sorted) {
    Mapping* last = joined.empty() ? nullptr : &joined.back();
    if (last != nullptr && last->range.overlaps(next.range) && last->access != next.access)
      return refuse(
          fmt::format("{} and {} share a page of {} and need different access",
                      to_text(last->range), to_text(next.range), size_text(granule.bytes())),
          "leave the MMU off, or use smaller pages");
    if (last != nullptr && last->access == next.access && next.range.start <= last->range.end)
      last->range.end = std::max(last->range.end, next.range.end);
    else
      joined.push_back(next);
  }
  return joined;
}

/// Tables while they are made.
class Builder {
 public:
  Builder(const Granule& granule, std::uint64_t at) : granule_(granule), at_(at) { add_table(); }

  void map(const Mapping& mapping, unsigned first_level) {
    const std::uint64_t attributes = attributes_of(mapping.access);
    for (std::uint64_t at = mapping.range.start; at < mapping.range.end;)
      at += map_leaf(at, mapping.range.end, attributes, first_level);
  }

  [[nodiscard]] std::size_t tables() const { return words_.size() * 8 / granule_.bytes(); }
  [[nodiscard]] const Words& words() const { return words_; }
  [[nodiscard]] const std::map<std::uint64_t, std::size_t>& leaves() const { return leaves_; }

 private:
  std::size_t add_table() {
    const std::size_t index = tables();
    words_.resize(words_.size() + granule_.bytes() / 8);
    return index;
  }

  std::size_t entry(std::size_t table, std::uint64_t address, unsigned level) const {
    // The root has as many entries as the VA range has use for; the bits above are zero.
    const std::uint64_t index = (address >> granule_.shift(level)) & mask(granule_.bits() - 3);
    return table * (granule_.bytes() / 8) + index;
  }

  /// The largest leaf that begins at `at` and does not pass `end`; its size.
  std::uint64_t map_leaf(std::uint64_t at, std::uint64_t end, std::uint64_t attributes,
                         unsigned level) {
    for (std::size_t table = 0;; ++level) {
      const std::size_t here = entry(table, at, level);
      const std::uint64_t size = bit(granule_.shift(level));
      if (granule_.may_be_leaf(level) && at % size == 0 && end - at >= size) {
        words_[here] =
            valid | (level == 3 ? table_or_page : 0) | attributes | address_field(granule_, at);
        ++leaves_[size];
        return size;
      }
      if (words_[here] == 0) {
        const std::size_t below = add_table();
        words_[here] =
            valid | table_or_page | address_field(granule_, at_ + below * granule_.bytes());
      }
      table = (address_in(granule_, words_[here]) - at_) / granule_.bytes();
    }
  }

  Granule granule_;
  std::uint64_t at_;
  Words words_{};
  std::map<std::uint64_t, std::size_t> leaves_{};
};

/// TCR.(I)PS for an output size.
std::uint64_t size_code(unsigned output_bits) {
  const auto* const found = std::ranges::find(output_sizes, output_bits);
  return static_cast<std::uint64_t>(std::distance(std::begin(output_sizes), found));
}

}  // namespace

std::optional<Granule> Granule::of(std::uint64_t bytes) {
  for (const unsigned bits : {12U, 14U, 16U})
    if (bytes == bit(bits)) return Granule(bits);
  return std::nullopt;
}

unsigned Granule::first_level(unsigned va_bits) const {
  unsigned level = 3;
  while (level > 0 && va_bits > shift(level) + bits_ - 3) --level;
  // With 64 KiB and 52 bits the root, of level 1, has 1024 entries (D8.2.8).
  return std::max(level, bits_ == 16 ? 1U : 0U);
}

std::uint64_t attributes_of(Access access) {
  constexpr std::uint64_t normal = accessed | inner_shareable | (normal_index << attr_index);
  switch (access) {
    case Access::code: return normal | read_only;
    case Access::constant: return normal | read_only | no_execution;
    case Access::data: return normal | no_execution;
    case Access::device: break;
  }
  return accessed | (device_index << attr_index) | no_execution;
}

Result<PageTables> make_page_tables(const Granule& granule, std::uint64_t tables_at,
                                    std::span<const Mapping> mappings) {
  KXF_TRY(wanted, tidy(granule, mappings));
  if (wanted.empty()) return broken("page tables that map nothing");
  const std::uint64_t last = wanted.back().range.end - 1;
  // The tables take less than a granule for each that is mapped; only their place can be too high.
  if (tables_at % granule.bytes() != 0 || tables_at >= bit(granule.most_bits()))
    return broken(
        fmt::format("page tables of {} at {}", size_text(granule.bytes()), hex(tables_at)));
  PageTables tables;
  tables.va_bits = std::max(least_va_bits, static_cast<unsigned>(std::bit_width(last)));
  const auto highest = static_cast<unsigned>(std::bit_width(last | tables_at));
  tables.output_bits =
      *std::ranges::find_if(output_sizes, [&](unsigned bits) { return bits >= highest; });
  Builder builder(granule, tables_at);
  for (const Mapping& mapping : wanted) builder.map(mapping, granule.first_level(tables.va_bits));
  tables.count = builder.tables();
  tables.leaves = builder.leaves();
  tables.bytes.resize(builder.words().size() * 8);
  for (std::size_t i = 0; i < builder.words().size(); ++i)
    store(std::span(tables.bytes), 8 * i, builder.words()[i], Endian::little);
  return tables;
}

std::uint64_t most_table_bytes(const Granule& granule, std::span<const std::uint64_t> sizes) {
  std::uint64_t tables = 1;  // the root
  for (const std::uint64_t size : sizes)
    for (unsigned level = granule.first_level(granule.most_bits()) + 1; level <= 3; ++level) {
      // Between the first and the last a table would be full, and a block of the level above
      // instead where there are such blocks.
      const std::uint64_t touched = size / bit(granule.shift(level - 1)) + 2;
      tables += granule.may_be_leaf(level - 1) ? std::min<std::uint64_t>(touched, 2) : touched;
    }
  return tables * granule.bytes();
}

std::uint64_t sum_of(ByteView tables) {
  const Bytes bytes(tables, Endian::little);
  std::uint64_t sum = KXF_SUM_START;
  for (std::size_t at = 0; at < tables.size(); at += 8)
    sum = (sum ^ bytes.read<std::uint64_t>(at).value_or(0)) * KXF_SUM_PRIME;
  return sum;
}

TranslationRegisters registers_for(const Granule& granule, std::uint64_t tables_at,
                                   const PageTables& tables) {
  const std::uint64_t t0sz = 64 - tables.va_bits;
  const std::uint64_t size = size_code(tables.output_bits);
  // Walks: Normal, inner and outer write-back, write-allocate (IRGN0, ORGN0), inner shareable
  // (SH0), as the tables are mapped: else their walks and our reads of them would be two memory
  // types.
  const std::uint64_t walks = (1U << 8U) | (1U << 10U) | (3U << 12U);
  const std::uint64_t tg0 = granule.bits() == 12 ? 0 : granule.bits() == 14 ? 2 : 1;
  const std::uint64_t tg1 = granule.bits() == 12 ? 2 : granule.bits() == 14 ? 1 : 3;
  TranslationRegisters registers;
  registers.mair = mair;
  // BADDR; with a 52-bit output size bits 51 to 48 are in bits 5 to 2 (TTBR0_EL1).
  registers.ttbr0 = (tables_at & mask(48)) | ((tables_at >> 48U) << 2U);
  // TCR_EL1, and TCR_EL2 with E2H: EPD1, no walks for the upper range; T1SZ and TG1 are of no
  // effect then and still have legal values. IPS is in bits 34 to 32.
  registers.tcr_two_ranges =
      t0sz | walks | (tg0 << 14U) | (t0sz << 16U) | bit(23) | (tg1 << 30U) | (size << 32U);
  // TCR_EL2 without E2H: PS in bits 18 to 16; bits 31 and 23 are RES1.
  registers.tcr_one_range = t0sz | walks | (tg0 << 14U) | (size << 16U) | bit(23) | bit(31);
  return registers;
}

}  // namespace kxf::arm64
