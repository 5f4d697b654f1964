// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Interrupt tables of a GICv3 that stay live across the jump, and that nobody tells the next
/// kernel of.

#include <kxf/machine.hpp>
#include <string>
#include <vector>

namespace kxf::arm64 {

struct LpiTable {
  Range range;
  std::string label;  ///< for people
};

/// What the boot log of the running kernel says.
struct LpiTables {
  std::vector<LpiTable> found;       ///< by ascending address, each once
  std::vector<std::string> missing;  ///< what it ought to say and does not; empty: all is known
};

/// Is there an ITS, and no EFI through which kernels hand over where its tables are?
[[nodiscard]] bool has_its_without_efi(const Machine& machine);

/// Asked of machines that have one. A CPU that never came up has no live table.
[[nodiscard]] LpiTables live_lpi_tables(const Machine& machine);

}  // namespace kxf::arm64
