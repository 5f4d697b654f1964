// SPDX-License-Identifier: Apache-2.0
//
// A GICv3 with an Interrupt Translation Service keeps two kinds of tables in ordinary memory: the
// LPI configuration ("property") table, and a pending table for each CPU. Once a redistributor has
// LPIs enabled the architecture does not promise that they can be disabled again
// (GICR_CTLR.EnableLPIs, IHI 0069), so the tables stay live across the jump. Linux hands the
// addresses over in an EFI table (LINUX_EFI_MEMRESERVE_TABLE); there is no such channel in a device
// tree. But a kernel that finds LPIs enabled goes on using the old tables when they are in reserved
// memory (enabled_lpis_allowed() in drivers/irqchip/irq-gic-v3-its.c), whoever reserved it, and the
// boot log of each kernel says where they are.
#include "arm64/lpi_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

// Linux uses 16 bits of LPI numbers (ITS_MAX_LPI_NRBITS): a byte each in the property table, a bit
// each in a pending table, both rounded up to 64 KiB (LPI_PROPBASE_SZ, LPI_PENDBASE_SZ).
constexpr std::uint64_t table_bytes = 64 * 1024;

constexpr std::string_view property_phrase = "LPI property table @";
constexpr std::string_view pending_phrase = "LPI pending table @";

std::optional<std::uint64_t> leading_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end != text.data() ? std::optional(value) : std::nullopt;
}

/// `... LPI property table @0x00000000425b0000`
std::optional<std::uint64_t> address_after(std::string_view line, std::string_view phrase) {
  const auto at = line.find(phrase);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view digits = line.substr(at + phrase.size());
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  const auto address = leading_number(digits, 16);
  // Both tables are aligned to 64 KiB; anything else is no address of one.
  return address && *address != 0 && *address % table_bytes == 0 &&
                 *address <= UINT64_MAX - table_bytes
             ? address
             : std::nullopt;
}

/// `GICv3: CPU1: using allocated LPI pending table @...`: Linux' number of the CPU.
std::optional<std::uint64_t> cpu_of(std::string_view line) {
  constexpr std::string_view word = "CPU";
  const auto at = line.find(word);
  return at == std::string_view::npos ? std::nullopt
                                      : leading_number(line.substr(at + word.size()), 10);
}

/// The CPUs that are online, by Linux' numbers: `0-3,8`. Where nothing tells, those of the tree.
std::set<std::uint64_t> running_cpus(const Machine& machine, const DeviceTree& tree) {
  if (const auto online = cpu_list(machine, "online"); online && !online->empty())
    return {online->begin(), online->end()};
  std::set<std::uint64_t> cpus;
  for (std::uint64_t count = cpu_nodes(tree).size(); count > 0; --count) cpus.insert(count - 1);
  return cpus;
}

}  // namespace

bool has_its_without_efi(const Machine& machine) {
  const DeviceTree* tree = machine.device_tree();
  if (tree == nullptr) return false;
  const auto chosen = tree->find("/chosen");
  if (chosen && chosen->has("linux,uefi-system-table")) return false;
  const std::vector<Node> services = tree->compatible_with("arm,gic-v3-its");
  return std::any_of(services.begin(), services.end(), [](const Node& node) {
    const auto parent = node.parent();
    return node.is_enabled() && (!parent || parent->is_enabled());
  });
}

LpiTables live_lpi_tables(const Machine& machine) {
  LpiTables tables;
  bool properties = false;
  std::set<std::uint64_t> waiting;
  if (const DeviceTree* tree = machine.device_tree()) waiting = running_cpus(machine, *tree);
  const auto log = machine.read_text(boot_log_path);
  std::string_view rest = log ? std::string_view(*log) : std::string_view();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (const auto address = address_after(line, property_phrase)) {
      properties = true;
      tables.found.push_back({Range::sized(*address, table_bytes), "GICv3 LPI property table"});
    }
    if (const auto address = address_after(line, pending_phrase)) {
      const auto cpu = cpu_of(line);
      if (cpu) waiting.erase(*cpu);
      tables.found.push_back({Range::sized(*address, table_bytes),
                              cpu ? fmt::format("GICv3 LPI pending table of CPU {}", *cpu)
                                  : "GICv3 LPI pending table"});
    }
  }
  std::stable_sort(tables.found.begin(), tables.found.end(),
                   [](const LpiTable& a, const LpiTable& b) { return a.range < b.range; });
  tables.found.erase(
      std::unique(tables.found.begin(), tables.found.end(),
                  [](const LpiTable& a, const LpiTable& b) { return a.range == b.range; }),
      tables.found.end());
  if (!log) {
    tables.missing.push_back(fmt::format("the boot log ({})", log.error().message));
    return tables;
  }
  if (!properties) tables.missing.emplace_back("the property table");
  if (!waiting.empty())
    tables.missing.push_back(waiting.size() == 1
                                 ? fmt::format("the pending table of CPU {}", *waiting.begin())
                                 : fmt::format("the pending tables of {} CPUs, CPU {} first",
                                               waiting.size(), *waiting.begin()));
  return tables;
}

}  // namespace kxf::arm64
