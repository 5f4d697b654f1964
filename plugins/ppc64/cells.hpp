// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Numbers and ranges in device tree properties of any cell count (Devicetree Specification v0.4,
/// section 2.3.6).

#include <fmt/format.h>

#include <kxf/bytes.hpp>
#include <kxf/range.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kxf::ppc64 {

/// `reserved-names` of the initrd that firmware loaded for the first kernel.
inline constexpr std::string_view initramfs_name = "linux,initramfs";

/// Reads numbers from a property, one after the other. `what` names the property in messages.
class Cells {
 public:
  Cells(ByteView value, std::string_view what) : bytes_(value, Endian::big), what_(what) {}

  [[nodiscard]] bool at_end() const noexcept { return offset_ == bytes_.size_bytes(); }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

  /// A number of `cells` cells; 0 for none of them.
  /// Errors: the property ends before; more than 64 bits of it are in use.
  [[nodiscard]] Result<std::uint64_t> next(std::uint64_t cells) {
    std::uint64_t number = 0;
    for (std::uint64_t i = 0; i < cells; ++i) {
      const auto cell = bytes_.read<std::uint32_t>(offset_);
      if (!cell)
        return refuse(fmt::format("{} is truncated: it ends at byte {}, in the middle of an entry",
                                  what_, bytes_.size_bytes()),
                      "take the device tree of this system as it is");
      if (number >> 32U != 0)
        return refuse(fmt::format("{} holds a number of more than 64 bits at byte {}", what_,
                                  offset_ - 4 * i),
                      "take the device tree of this system as it is");
      offset_ += 4;
      number = number << 32U | *cell;
    }
    return number;
  }

  /// An address and a size.
  /// Errors: as next(); an end beyond 64 bits.
  [[nodiscard]] Result<Range> next_range(unsigned address_cells, unsigned size_cells) {
    const std::uint64_t at = offset_;
    KXF_TRY(start, next(address_cells));
    KXF_TRY(size, next(size_cells));
    if (size > UINT64_MAX - start)
      return refuse(
          fmt::format("{}: {} bytes from {} end behind the 64-bit address space (byte {})", what_,
                      hex(size), hex(start), at),
          "take the device tree of this system as it is");
    return Range::sized(start, size);
  }

 private:
  Bytes bytes_;
  std::string what_;
  std::uint64_t offset_ = 0;
};

/// All (address, size) tuples of a value.
/// Errors: as Cells; cells that make up no tuple.
[[nodiscard]] inline Result<std::vector<Range>> read_ranges(ByteView value, unsigned address_cells,
                                                            unsigned size_cells,
                                                            std::string_view what) {
  if (address_cells == 0 || size_cells == 0)
    return refuse(fmt::format("{} cannot be read: its tuples have {} address and {} size cells",
                              what, address_cells, size_cells),
                  "correct #address-cells and #size-cells in the device tree");
  std::vector<Range> found;
  Cells cells(value, what);
  while (!cells.at_end()) {
    KXF_TRY(range, cells.next_range(address_cells, size_cells));
    found.push_back(range);
  }
  return found;
}

}  // namespace kxf::ppc64
