// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

constexpr unsigned cell_bytes = 4;

bool fits(std::uint64_t value, unsigned cells) {
  return cells > 1 || (cells == 0 ? value == 0 : value <= UINT32_MAX);
}

}  // namespace

Status append_cells(ByteVector& out, std::uint64_t value, unsigned cells) {
  if (cells > DeviceTree::max_size_bytes / cell_bytes)
    return refuse(fmt::format("a number of {} cells is larger than a device tree may be", cells),
                  "correct #address-cells and #size-cells in the device tree");
  if (!fits(value, cells))
    return refuse(
        fmt::format("{} {}", hex(value),
                    cells == 0 ? "has no cell at all" : "does not fit one cell of 32 bits"),
        "use a device tree whose root has two cells each for addresses and sizes");
  std::size_t at = out.size();
  out.resize(at + std::size_t{cell_bytes} * cells);
  for (unsigned cell = cells; cell > 0; --cell, at += cell_bytes) {
    const std::uint64_t part = cell > 2 ? 0 : value >> (32U * (cell - 1));
    store(std::span<std::uint8_t>(out), at, static_cast<std::uint32_t>(part), Endian::big);
  }
  return {};
}

Result<ByteVector> encode_ranges(std::span<const Range> ranges, unsigned address_cells,
                                 unsigned size_cells) {
  ByteVector out;
  for (const Range& range : ranges) {
    if (auto address = append_cells(out, range.start, address_cells); !address)
      return pass(std::move(address), fmt::format("the address of {}", to_text(range)));
    if (auto size = append_cells(out, range.size_bytes(), size_cells); !size)
      return pass(std::move(size), fmt::format("the size of {}", to_text(range)));
  }
  return out;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
