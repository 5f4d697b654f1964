// SPDX-License-Identifier: Apache-2.0
#include "plan/breadcrumb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "breadcrumb/record.hpp"
#include "plan/device_at.hpp"
#include "policy/text_checks.hpp"

namespace kxf {
namespace {

constexpr const char* reserve_remedy =
    "reserve the memory in the device tree that the board boots with (/reserved-memory, no-map), "
    "or "
    "take SRAM";

bool is_reservation(const MemoryRange& range) {
  return range.kind == MemoryKind::reserved || range.kind == MemoryKind::no_map;
}

/// Errors: a kernel uses some of it as RAM. What the profile alone reserves is in use by the
/// running kernel.
Status check_unused(const Range& range, const MemoryMap& memory, std::string_view origin) {
  std::vector<Range> reserved;
  for (const MemoryRange& each : memory.ranges())
    if (is_reservation(each) && each.source != "profile") reserved.push_back(each.range);
  if (memory.ram().minus(RangeSet(std::move(reserved))).overlaps(range) ||
      memory.crash_regions().overlaps(range))
    return refuse(fmt::format("{} puts the breadcrumb at {}, which is RAM that kernels use", origin,
                              to_text(range)),
                  reserve_remedy);
  return {};
}

/// A record is read back through /dev/mem, which gives no RAM; and it must be somewhere.
Status check_record_memory(const Range& range, const MemoryMap& memory, const DeviceTree& tree,
                           std::string_view origin) {
  for (const MemoryRange& each : memory.ranges())
    if (each.running_ram && each.range.overlaps(range))
      return refuse(fmt::format("{} puts the breadcrumb at {}, which is RAM to the running kernel "
                                "({}: {})",
                                origin, to_text(range), each.source, each.label),
                    reserve_remedy);
  const bool in_reservation = std::ranges::any_of(memory.ranges(), [&](const MemoryRange& each) {
    return is_reservation(each) && each.range.contains(range);
  });
  if (!in_reservation && (device_at(tree, range.start) == DeviceAt::no ||
                          device_at(tree, range.end - 1) == DeviceAt::no))
    return refuse(fmt::format("{} puts the breadcrumb at {}, where the device tree has neither "
                              "reserved memory nor a device",
                              origin, to_text(range)),
                  reserve_remedy);
  return {};
}

/// Linux rounds the sizes of zones down.
std::uint64_t zone_size(const Node& node, std::string_view property) {
  return std::bit_floor(std::uint64_t{node.u32(property).value_or(0)});
}

Result<Node> ramoops_node(const DeviceTree& tree) {
  std::vector<Node> nodes = tree.compatible_with("ramoops");
  std::erase_if(nodes, [](const Node& node) { return !node.is_enabled(); });
  if (nodes.size() == 1) return std::move(nodes.front());
  return refuse(
      fmt::format("the next kernel's device tree has {} nodes that are compatible with ramoops",
                  nodes.empty() ? "no" : fmt::format("{}", nodes.size())),
      "describe one in the tree, or give purgatory.breadcrumb an address");
}

}  // namespace

Result<Range> ramoops_console(const DeviceTree& tree) {
  KXF_TRY(node, ramoops_node(tree));
  const auto refused = [&](std::string_view why, std::string remedy) {
    return refuse(fmt::format("{} {}", node.path(), why), std::move(remedy));
  };
  KXF_TRY(reg, node.physical_reg());
  if (reg.size() != 1 || reg.front().empty())
    return refused("has no fixed place of its own (reg)",
                   "give it a reg: a place that each boot chooses anew keeps nothing");
  const Range all = reg.front();
  const std::uint64_t console = zone_size(node, "console-size");
  if (console < breadcrumb_bytes)
    return refused("has no room for a console (console-size)", "set console-size to 64 KiB or so");
  if (node.u32("ecc-size").value_or(0) != 0)
    return refused("protects its zones by ecc-size, with which the purgatory could not write them",
                   "take ecc-size out, or give purgatory.breadcrumb an address");
  constexpr std::uint32_t cached = 2;
  if (node.u32("mem-type").value_or(0) == cached)
    return refused("is cached by Linux (mem-type), so that nothing outlives a reset for certain",
                   "take mem-type out, or give purgatory.breadcrumb an address");
  const std::uint64_t others = zone_size(node, "ftrace-size") + zone_size(node, "pmsg-size");
  if (console + others > all.size_bytes())
    return refused("is smaller than its zones", "correct its sizes");
  const std::uint64_t dumps = all.size_bytes() - console - others;
  const std::uint64_t dump = zone_size(node, "record-size");
  if (dump != 0 && dumps % dump != 0)
    return refused(fmt::format("leaves {} bytes for dumps of {}: where its console begins depends "
                               "on the kernel's version",
                               dumps, dump),
                   "choose sizes that fill its memory, all of them powers of two");
  return Range::sized(all.start + (dump == 0 ? 0 : dumps), console);
}

Result<std::optional<Breadcrumb>> choose_breadcrumb(const Policy& policy,
                                                    const ArchitectureTraits& traits,
                                                    const MemoryMap& memory, const DeviceTree& tree,
                                                    Record& record) {
  const auto& [text, origin] = policy.purgatory_breadcrumb;
  if (text == "none") return std::nullopt;
  if (!traits.leaves_breadcrumb)
    return refuse(fmt::format("{} asks for a breadcrumb, and this architecture's purgatory leaves "
                              "none",
                              origin),
                  "set purgatory.breadcrumb to none, or ask the plugin's vendor");
  Breadcrumb breadcrumb;
  if (text == "ramoops") {
    auto zone = ramoops_console(tree);
    if (!zone) return pass(std::move(zone), origin);
    breadcrumb = {*zone, Breadcrumb::Form::ramoops};
  } else {
    const std::uint64_t start = hexadecimal_from(text).value_or(0);
    breadcrumb.range = Range::sized(start, breadcrumb_bytes);
    if (start % breadcrumb_alignment != 0 || breadcrumb.range.size_bytes() != breadcrumb_bytes)
      return refuse(fmt::format("{} puts the breadcrumb at {}, which is no multiple of {} with {} "
                                "bytes behind it",
                                origin, hex(start), breadcrumb_alignment, breadcrumb_bytes),
                    "correct the address");
  }
  KXF_CHECK(check_unused(breadcrumb.range, memory, origin));
  if (breadcrumb.form == Breadcrumb::Form::record)
    KXF_CHECK(check_record_memory(breadcrumb.range, memory, tree, origin));
  record.decide(
      "breadcrumb",
      fmt::format(
          "{} at {}",
          breadcrumb.form == Breadcrumb::Form::record ? "a record" : "the console zone of ramoops",
          to_text(breadcrumb.range)),
      origin);
  return breadcrumb;
}

}  // namespace kxf
