// SPDX-License-Identifier: Apache-2.0
#include "kxf/cpu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// The hardware id is the first number of `reg`; `/cpus` says how many cells it has. Trees that
/// leave out `#size-cells = <0>` are common enough that only the address is looked at here.
std::optional<std::uint64_t> hardware_id(const Node& cpu, unsigned address_cells) {
  const auto reg = cpu.property("reg");
  if (!reg) return std::nullopt;
  const Bytes bytes(*reg, Endian::big);
  if (address_cells == 1) {
    const auto id = bytes.read<std::uint32_t>(0);
    if (id) return *id;
  } else if (address_cells == 2) {
    const auto id = bytes.read<std::uint64_t>(0);
    if (id) return *id;
  }
  return std::nullopt;
}

bool is_cpu(const Node& node) {
  // Caches, cpu-map and idle-states are children of /cpus as well.
  if (node.text("device_type") == "cpu") return true;
  return node.name() == "cpu" || node.name().starts_with("cpu@");
}

/// `status = "fail"` or "fail-sss" says that the CPU is broken; "disabled" only that it is parked
/// until its enable-method starts it (Devicetree Specification v0.4, section 3.8.1).
bool is_broken(const Node& cpu) { return cpu.text("status").value_or("okay").starts_with("fail"); }

constexpr std::string_view cpu_directory = "/sys/devices/system/cpu";

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

}  // namespace

std::vector<CpuNode> cpu_nodes(const DeviceTree& tree) {
  std::vector<CpuNode> found;
  const auto cpus = tree.find("/cpus");
  if (!cpus) return found;
  const std::string_view common_method = cpus->text("enable-method").value_or("");
  const unsigned address_cells = cpus->address_cells();
  for (const Node& cpu : cpus->children()) {
    if (!is_cpu(cpu) || is_broken(cpu)) continue;
    // Linux does not bring up a CPU without a hardware id either.
    const auto id = hardware_id(cpu, address_cells);
    if (!id) continue;
    // Node::path() would walk the tree from its start for each CPU.
    found.push_back({*id, "/cpus/" + std::string(cpu.name()),
                     std::string(cpu.text("enable-method").value_or(common_method)),
                     cpu.number("cpu-release-addr"), cpu.number("cpu-return-addr")});
  }
  return found;
}

std::vector<unsigned> listed_cpus(const Machine& machine) {
  constexpr std::string_view prefix = "cpu";
  std::vector<unsigned> cpus;
  for (const std::string& name : machine.list(cpu_directory)) {
    if (!name.starts_with(prefix)) continue;
    // cpufreq and cpuidle are beside them
    if (const auto cpu = number(std::string_view(name).substr(prefix.size()))) cpus.push_back(*cpu);
  }
  std::ranges::sort(cpus);
  return cpus;
}

std::optional<std::vector<unsigned>> cpu_list(const Machine& machine, std::string_view list) {
  const auto read = machine.read_text(fmt::format("{}/{}", cpu_directory, list));
  if (!read) return std::nullopt;
  constexpr unsigned most = 1U << 16U;  // no kernel has more; guards against a damaged capture
  std::vector<unsigned> cpus;
  for (std::string_view text = *read; !text.empty();) {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t dash = part.find('-');
    const auto first = number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : number(part.substr(dash + 1));
    if (!first || !last || *last >= most) continue;
    for (unsigned cpu = *first; cpu <= *last; ++cpu) cpus.push_back(cpu);
  }
  return cpus;
}

std::optional<std::string> cpu_node_path(const Machine& machine, unsigned logical_id) {
  const auto link = machine.link_target(fmt::format("{}/cpu{}/of_node", cpu_directory, logical_id));
  if (!link) return std::nullopt;
  // ../../../../firmware/devicetree/base/cpus/cpu@0
  constexpr std::string_view base = "/devicetree/base";
  const std::size_t at = link->find(base);
  return at == std::string::npos ? std::nullopt : std::optional(link->substr(at + base.size()));
}

std::string_view name_of(CpuVerdict verdict) {
  switch (verdict) {
    case CpuVerdict::ok: return "ok";
    case CpuVerdict::unsound: return "unsound";
    case CpuVerdict::unknown: return "unknown";
  }
  return "unknown";
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
