// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Translation tables of the VMSAv8-64 for an identity map, as bytes. Pure functions; sections of
/// the manual are those of the Arm Architecture Reference Manual for A-profile (DDI 0487), chapter
/// D8.

#include <kxf/bytes.hpp>
#include <kxf/range.hpp>
#include <kxf/result.hpp>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace kxf::arm64 {

/// What may be done with mapped memory.
enum class Access : std::uint8_t {
  code,      ///< Normal write-back, executable, read-only
  constant,  ///< Normal write-back, read-only, never executable
  data,      ///< Normal write-back, writable, never executable
  device,    ///< Device-nGnRE, writable, never executable
};

struct Mapping {
  Range range;  ///< virtual and physical
  Access access = Access::constant;
  bool operator==(const Mapping&) const = default;
};

/// Geometry of translation with one granule: 4, 16 or 64 KiB.
class Granule {
 public:
  /// Nothing for another size.
  [[nodiscard]] static std::optional<Granule> of(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t bytes() const { return std::uint64_t{1} << bits_; }
  [[nodiscard]] unsigned bits() const { return bits_; }
  /// Of an address that can be mapped: 52 with 64 KiB (FEAT_LPA and FEAT_LVA), else 48. With
  /// smaller granules 52 bits need FEAT_LPA2, whose descriptors are laid out in another way.
  [[nodiscard]] unsigned most_bits() const { return bits_ == 16 ? 52 : 48; }
  /// log2 of what one entry of a table of this level maps.
  [[nodiscard]] unsigned shift(unsigned level) const { return bits_ + (3 - level) * (bits_ - 3); }
  /// May an entry of this level be a block or a page? Without FEAT_LPA and FEAT_LPA2 (D8.3.1.1).
  [[nodiscard]] bool may_be_leaf(unsigned level) const {
    return level >= 2 || (level == 1 && bits_ == 12);
  }
  /// Where the walk begins for so many bits of virtual address.
  [[nodiscard]] unsigned first_level(unsigned va_bits) const;

 private:
  explicit Granule(unsigned bits) : bits_(bits) {}
  unsigned bits_;
};

/// Finished tables and what the registers have to say of them.
struct PageTables {
  ByteVector bytes;          ///< tables of one granule each, the root first
  std::size_t count = 0;     ///< of tables
  unsigned va_bits = 0;      ///< 64 - TCR.T0SZ
  unsigned output_bits = 0;  ///< 32, 36, 40, 42, 44, 48 or 52: what TCR.(I)PS stands for
  std::map<std::uint64_t, std::size_t> leaves;  ///< how many by size, blocks and pages
};

/// The tables for `tables_at`, a multiple of the granule. Each mapping is grown outward to whole
/// granules; what is not mapped is invalid. The largest blocks that fit are used; the Contiguous
/// bit is not, which would save TLB entries only. Errors: an address with more bits than the
/// granule allows; two kinds of access in one granule.
[[nodiscard]] Result<PageTables> make_page_tables(const Granule& granule, std::uint64_t tables_at,
                                                  std::span<const Mapping> mappings);

/// No tables of mappings of these sizes, wherever they are, take more bytes.
[[nodiscard]] std::uint64_t most_table_bytes(const Granule& granule,
                                             std::span<const std::uint64_t> sizes);

/// Values of registers for finished tables. `tcr_two_ranges` is for EL1 and for EL2 with E2H set,
/// `tcr_one_range` for EL2 with E2H clear, where TCR_EL2 is laid out in another way.
struct TranslationRegisters {
  std::uint64_t ttbr0 = 0;
  std::uint64_t mair = 0;
  std::uint64_t tcr_two_ranges = 0;
  std::uint64_t tcr_one_range = 0;
};
[[nodiscard]] TranslationRegisters registers_for(const Granule& granule, std::uint64_t tables_at,
                                                 const PageTables& tables);

/// The sum by which the purgatory knows that its tables are these: FNV-1a over 64-bit words.
[[nodiscard]] std::uint64_t sum_of(ByteView tables);

/// The attributes of a leaf's descriptor for this access: all but valid, type and address.
[[nodiscard]] std::uint64_t attributes_of(Access access);

}  // namespace kxf::arm64
