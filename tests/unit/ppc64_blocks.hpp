// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Tables of the dynamic reconfiguration memory, in both encodings.

#include "ppc64/drconf.hpp"
#include "ppc64_scene.hpp"

namespace kxf_test::power {

inline constexpr std::uint64_t block = 256 * mib;
inline constexpr std::uint32_t assigned = 0x8;
inline constexpr std::uint32_t reserved = 0x80;
inline constexpr std::uint32_t hot_removable = 0x100;

/// A run of blocks with the same flags.
struct Run {
  std::uint64_t first;  ///< number of the block
  std::uint32_t count;
  std::uint32_t flags;
};

inline void put_address(std::vector<std::uint32_t>& cells, std::uint64_t address,
                        unsigned address_cells) {
  for (unsigned i = 2; i < address_cells; ++i) cells.push_back(0);
  if (address_cells > 1) cells.push_back(static_cast<std::uint32_t>(address >> 32U));
  cells.push_back(static_cast<std::uint32_t>(address));
}

inline std::vector<std::uint32_t> version_1(const std::vector<Run>& runs,
                                            unsigned address_cells = 2) {
  std::vector<std::uint32_t> cells{0};
  for (const Run& run : runs)
    for (std::uint32_t i = 0; i < run.count; ++i) {
      put_address(cells, (run.first + i) * block, address_cells);
      cells.insert(cells.end(), {0x80000000U + i, 0, 3, run.flags});
      ++cells[0];
    }
  return cells;
}

inline std::vector<std::uint32_t> version_2(const std::vector<Run>& runs,
                                            unsigned address_cells = 2) {
  std::vector<std::uint32_t> cells{static_cast<std::uint32_t>(runs.size())};
  for (const Run& run : runs) {
    cells.push_back(run.count);
    put_address(cells, run.first * block, address_cells);
    cells.insert(cells.end(), {0x80000000U, 3, run.flags});
  }
  return cells;
}

inline TreeMaker with_blocks(std::uint64_t size = block, unsigned address_cells = 2) {
  TreeMaker tree;
  tree.cells("/", "#address-cells", {address_cells}).cells("/", "#size-cells", {2});
  tree.u64(kxf::ppc64::drconf_path, "ibm,lmb-size", size);
  return tree;
}

}  // namespace kxf_test::power
