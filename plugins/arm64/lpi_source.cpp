// SPDX-License-Identifier: Apache-2.0
//
// Memory that the GICv3 uses across the jump, as a source of reservations: no segment may touch it,
// and the next tree reserves it, which is what makes that kernel go on using the tables
// (lpi_tables.cpp).
#include <fmt/format.h>

#include "arm64/arm64.hpp"
#include "arm64/lpi_tables.hpp"

namespace kxf::arm64 {
namespace {

class LpiSource final : public MemorySource {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return lpi_source_name; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "live LPI tables of a GICv3 with an ITS and without EFI, by the boot log";
  }

  [[nodiscard]] bool reservations_only() const noexcept override { return true; }

  [[nodiscard]] Result<MemoryFindings> discover(const Machine& machine,
                                                Record& record) const noexcept override {
    MemoryFindings findings;
    if (!has_its_without_efi(machine)) return findings;
    for (LpiTable& table : live_lpi_tables(machine).found) {
      MemoryRange range{table.range, MemoryKind::reserved, std::move(table.label), {}};
      range.hand_over = true;
      findings.ranges.push_back(std::move(range));
    }
    if (!findings.ranges.empty())
      record.decide("memory", fmt::format("{} LPI tables reserved", findings.ranges.size()),
                    "the GICv3 goes on using them, and without EFI only the next tree can say so");
    return findings;
  }
};

}  // namespace

const MemorySource& lpi_source() {
  static const LpiSource source;
  return source;
}

}  // namespace kxf::arm64
