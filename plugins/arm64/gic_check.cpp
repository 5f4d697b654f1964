// SPDX-License-Identifier: Apache-2.0
//
// A GICv3 with an Interrupt Translation Service keeps two kinds of tables in ordinary memory: the
// LPI configuration table and a pending table for each CPU. Once a redistributor has LPIs enabled
// the architecture does not promise that they can be disabled again (GICR_CTLR.EnableLPIs, IHI
// 0069), so the tables stay live across the jump: the GIC goes on writing into memory that the next
// kernel takes for free, and the next kernel clears the old property table, which by then may be
// its own code. Linux hands the addresses over in an EFI table (LINUX_EFI_MEMRESERVE_TABLE); there
// is no such channel in a device tree.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

// Linux uses 16 bits of LPI numbers (ITS_MAX_LPI_NRBITS): a byte each in the property table, a bit
// each in a pending table, which is 64 KiB at least (LPI_PENDBASE_SZ).
constexpr std::uint64_t table_bytes = 64 * 1024;

bool has_live_its(const DeviceTree& tree) {
  const std::vector<Node> services = tree.compatible_with("arm,gic-v3-its");
  return std::any_of(services.begin(), services.end(), [](const Node& node) {
    const auto parent = node.parent();
    return node.is_enabled() && (!parent || parent->is_enabled());
  });
}

bool is_efi(const DeviceTree& tree) {
  const auto chosen = tree.find("/chosen");
  return chosen && chosen->has("linux,uefi-system-table");
}

struct Tables {
  std::vector<Range> properties;
  std::vector<Range> pending;  ///< one for each CPU that came up

  [[nodiscard]] std::vector<Range> all() const {
    std::vector<Range> ranges = properties;
    ranges.insert(ranges.end(), pending.begin(), pending.end());
    std::sort(ranges.begin(), ranges.end());
    ranges.erase(std::unique(ranges.begin(), ranges.end()), ranges.end());
    return ranges;
  }
};

/// `... LPI property table @0x00000000425b0000`
void find_table(std::string_view line, std::string_view phrase, std::vector<Range>& tables) {
  const auto at = line.find(phrase);
  if (at == std::string_view::npos) return;
  std::string_view digits = line.substr(at + phrase.size());
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  std::uint64_t address = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address, 16);
  if (error == std::errc{} && address != 0) tables.push_back(Range::sized(address, table_bytes));
}

Tables tables_in_log(const Machine& machine) {
  Tables tables;
  const auto log = machine.read_text(boot_log_path);
  if (!log) return tables;
  std::string_view rest = *log;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    find_table(line, "LPI property table @", tables.properties);
    find_table(line, "LPI pending table @", tables.pending);
  }
  return tables;
}

std::string remedy_for(const Tables& tables) {
  if (tables.properties.empty() && tables.pending.empty())
    return "boot the running kernel with EFI, or reserve the tables with [[memory.reserve]]; the "
           "boot log tells where they are (\"LPI property table @\", \"LPI pending table @\"), 64 "
           "KiB each";
  std::vector<std::string> found;
  for (const Range& table : tables.all()) found.push_back(to_text(table));
  return fmt::format("boot the running kernel with EFI, or reserve with [[memory.reserve]]: {}",
                     fmt::join(found, ", "));
}

class GicCheck final : public BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "gic-its-without-efi"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "warns when interrupt tables of the GICv3 ITS would stay live across the jump";
  }

  [[nodiscard]] std::vector<BoardFinding> check(const Machine& machine,
                                                const LoadPlan& plan) const noexcept override {
    const DeviceTree* tree = machine.device_tree();
    // A crash kernel lives in memory of its own, and Linux expects the tables to be live there.
    if (tree == nullptr || plan.parts().crash || !has_live_its(*tree) || is_efi(*tree)) return {};
    const Tables tables = tables_in_log(machine);
    const std::vector<Range> ranges = tables.all();
    const RangeSet& usable = plan.parts().memory.usable();
    const bool complete =
        !tables.properties.empty() && tables.pending.size() >= cpu_nodes(*tree).size();
    const bool reserved = std::none_of(ranges.begin(), ranges.end(),
                                       [&](const Range& table) { return usable.overlaps(table); });
    if (complete && reserved) return {};
    return {
        {false, "gic-its-without-efi",
         "the GICv3 ITS keeps using the running kernel's LPI tables across the jump, and without "
         "EFI the next kernel is not told where they are: it may use that memory, or clear it "
         "while its own code lies there",
         remedy_for(tables)}};
  }
};

}  // namespace

const BoardCheck& gic_check() {
  static const GicCheck check;
  return check;
}

}  // namespace kxf::arm64
