// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Numbers of any cell count in device tree properties (Devicetree Specification v0.4, 2.3.6).
/// Inline, because libkxf and the core both read them and libkxf does not export them.

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {

/// Reads numbers from a property, one after the other.
class CellReader {
 public:
  explicit CellReader(ByteView value) : bytes_(value, Endian::big) {}

  /// A number of `cells` cells, 0 for none; nothing when more than 64 bits of it are in use or the
  /// value ends before. The next call goes on behind it either way.
  std::optional<std::uint64_t> next(std::uint64_t cells) {
    std::uint64_t number = 0;
    bool fits = true;
    for (std::uint64_t i = 0; i < cells; ++i) {
      const auto cell = bytes_.read<std::uint32_t>(offset_);
      if (!cell) return std::nullopt;
      offset_ += 4;
      fits = fits && (number >> 32U) == 0;
      number = number << 32U | *cell;
    }
    if (!fits) return std::nullopt;
    return number;
  }

 private:
  Bytes bytes_;
  std::uint64_t offset_ = 0;
};

/// How many tuples of `tuple_cells` cells a value holds. `what` names the property in messages.
/// Errors: its length is no multiple of a tuple.
[[nodiscard]] inline Result<std::uint64_t> count_tuples(ByteView value, std::uint64_t tuple_cells,
                                                        std::string_view what) {
  if (value.empty()) return 0;
  if (tuple_cells == 0 || value.size() % (tuple_cells * 4) != 0)
    return refuse(fmt::format("{} has {} bytes, no multiple of its {} cells", what, value.size(),
                              tuple_cells),
                  "correct #address-cells, #size-cells or the property in the device tree");
  return value.size() / (tuple_cells * 4);
}

/// Does [start, start + size) end inside the 64-bit space?
[[nodiscard]] constexpr bool fits_address_space(std::uint64_t start, std::uint64_t size) {
  return size == 0 || size - 1 <= UINT64_MAX - start;
}

/// All (address, size) tuples of a value. A size of no cells gives empty ranges that keep their
/// start.
/// Errors: as count_tuples(); a number or an end beyond 64 bits.
[[nodiscard]] inline Result<std::vector<Range>> ranges_of_cells(ByteView value,
                                                                std::uint64_t address_cells,
                                                                std::uint64_t size_cells,
                                                                std::string_view what) {
  KXF_TRY(count, count_tuples(value, address_cells + size_cells, what));
  std::vector<Range> found;
  CellReader reader(value);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto start = reader.next(address_cells);
    if (!start) return refuse(fmt::format("{} holds an address of more than 64 bits", what));
    const auto size = reader.next(size_cells);
    if (!size) return refuse(fmt::format("{} holds a size of more than 64 bits", what));
    if (!fits_address_space(*start, *size))
      return refuse(fmt::format("{} ends behind the 64-bit address space", what));
    found.push_back(Range::sized(*start, *size));
  }
  return found;
}

}  // namespace kxf
