// SPDX-License-Identifier: Apache-2.0
//
// Warns where the reservations of lpi_source.cpp cannot be complete. What is at stake: the GIC goes
// on writing into memory that the next kernel takes for free, and that kernel clears the old
// property table, which by then may be its own code.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "arm64/arm64.hpp"
#include "arm64/lpi_tables.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::string_view danger =
    "the GICv3 ITS keeps using the running kernel's LPI tables across the jump, and without EFI "
    "the "
    "next kernel is not told where they are: it may use that memory, or clear it while its own "
    "code "
    "lies there";

class GicCheck final : public BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "gic-its-without-efi"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "warns when interrupt tables of the GICv3 ITS would stay live across the jump";
  }

  [[nodiscard]] std::vector<BoardFinding> check(const Machine& machine,
                                                const LoadPlan& plan) const noexcept override {
    // A crash kernel lives in memory of its own, and Linux expects the tables to be live there. No
    // kernel has made any where firmware starts the plan.
    if (plan.parts().crash || plan.parts().bundle || !has_its_without_efi(machine)) return {};
    const LpiTables tables = live_lpi_tables(machine);
    if (tables.missing.empty()) return {};
    return {{false, std::string(name()),
             fmt::format("{}; not known: {}", danger, fmt::join(tables.missing, ", ")),
             std::string(lpi_remedy)}};
  }
};

}  // namespace

const BoardCheck& gic_check() {
  static const GicCheck check;
  return check;
}

}  // namespace kxf::arm64
