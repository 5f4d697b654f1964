// SPDX-License-Identifier: Apache-2.0
#include "plan/survey.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "plan/policy_names.hpp"

namespace kxf {
namespace {

bool handles(const Architecture& architecture, const Machine& machine) {
  if (!machine.facts().hardware.empty()) return architecture.handles(machine.facts());
  const DeviceTree* tree = machine.device_tree();
  return tree != nullptr && architecture.handles_tree(*tree);
}

/// `MemTotal:        1001852 kB` in /proc/meminfo: totalram_pages(), in bytes.
std::optional<std::uint64_t> total_ram(const Machine& machine) {
  const auto text = machine.read_text("/proc/meminfo");
  if (!text) return std::nullopt;
  constexpr std::string_view name = "MemTotal:";
  const std::size_t at = text->find(name);
  const std::size_t digits =
      at == std::string::npos ? at : text->find_first_not_of(' ', at + name.size());
  if (digits == std::string::npos) return std::nullopt;
  std::uint64_t kib = 0;
  if (std::from_chars(text->data() + digits, text->data() + text->size(), kib).ec != std::errc{})
    return std::nullopt;
  return kib * 1024;
}

}  // namespace

Result<const Architecture*> architecture_for(const Machine& machine, const Registry& registry,
                                             const Policy& policy) {
  std::vector<Registered<Architecture>> candidates;
  std::vector<std::string_view> known;
  for (const auto& architecture : registry.all<Architecture>()) {
    known.push_back(architecture.implementation->name());
    if (handles(*architecture.implementation, machine)) candidates.push_back(architecture);
  }
  const std::string& hardware = machine.facts().hardware;
  if (candidates.empty())
    return refuse(
        fmt::format("no plugin knows the architecture of this machine{} (known: {})",
                    hardware.empty() ? " by its device tree" : fmt::format(", \"{}\"", hardware),
                    known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))),
        "install its architecture plugin, or name a capture with --machine");
  const auto& use = policy.plugins_use.value;
  const auto chosen = use.find("architecture");
  return Registry::choose(candidates, chosen == use.end() ? "" : chosen->second);
}

Status check_board(const Machine& machine, const Policy& policy, Record& record) {
  const auto& wanted = policy.board_match.value;
  if (wanted.empty()) return {};
  const DeviceTree* tree = machine.device_tree();
  const auto names = tree == nullptr ? std::vector<std::string_view>{} : tree->board();
  for (const std::string_view name : names) {
    if (std::ranges::find(wanted, name) == wanted.end()) continue;
    record.decide("board", std::string(name), policy.board_match.origin);
    return {};
  }
  if (names.empty())
    return refuse(fmt::format("the profile is for {} ({}), and this machine's device tree names no "
                              "board",
                              fmt::join(wanted, " or "), policy.board_match.origin),
                  "use a profile without board.match");
  return refuse(
      fmt::format("the profile is for {} ({}), and this board is {}", fmt::join(wanted, " or "),
                  policy.board_match.origin, fmt::join(names, ", ")),
      "use this board's profile, or one without board.match");
}

Result<std::vector<const MemorySource*>> memory_sources(const Policy& policy,
                                                        const ArchitectureTraits& traits,
                                                        const Registry& registry) {
  std::vector<const MemorySource*> sources;
  for (const std::string& name : source_names(policy, traits)) {
    auto source = registry.named<MemorySource>(name);
    if (!source) return pass(std::move(source), policy.memory_sources.origin);
    sources.push_back(*source);
  }
  if (policy.bundle) return sources;  // those below list what a running kernel leaves behind
  for (const auto& source : registry.all<MemorySource>())
    if (source.implementation->reservations_only() &&
        std::ranges::find(sources, source.implementation) == sources.end())
      sources.push_back(source.implementation);
  return sources;
}

std::vector<MemoryRange> extra_reservations(const Policy& policy, const CpuReport& cpus) {
  std::vector<MemoryRange> reserved;
  for (const ReservedWindow& window : policy.memory_reserve.value)
    reserved.push_back({window.range, MemoryKind::reserved, window.reason, "profile"});
  for (const CpuState& cpu : cpus.cpus)
    for (const Range& range : cpu.assessment.keep_out)
      reserved.push_back({range, MemoryKind::reserved,
                          fmt::format("CPU {} waits here", hex(cpu.node.hardware_id)), "cpus"});
  return reserved;
}

Status check_half_of_ram(const Machine& machine, const MemoryMap& memory,
                         std::uint64_t total_bytes) {
  const std::uint64_t half = total_ram(machine).value_or(memory.ram().size_bytes()) / 2;
  if (total_bytes <= half) return {};
  return refuse(fmt::format("the segments take {}, and the running kernel takes no more than half "
                            "of its RAM, {}",
                            size_text(total_bytes), size_text(half)),
                "use a smaller initrd");
}

}  // namespace kxf
