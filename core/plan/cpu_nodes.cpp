// SPDX-License-Identifier: Apache-2.0
#include "kxf/cpu.hpp"

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
