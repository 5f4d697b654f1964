// SPDX-License-Identifier: Apache-2.0
#include "ppc64/memory_nodes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/cells.hpp"
#include "ppc64/drconf.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view node_usable_name = "linux,usable-memory";

/// Memory of an accelerator, which the CPU can address while a driver of the running kernel keeps
/// the link up. In the next kernel nobody does.
bool is_coherent_device_memory(const Node& node) {
  return node.is_compatible("ibm,coherent-device-memory");
}

Status add_node(const Node& node, const Node& root, std::vector<MemoryRange>& found,
                Record& record) {
  if (is_coherent_device_memory(node)) {
    record.decide("memory", fmt::format("{} not used", node.path()),
                  "coherent memory of a device: it is there as long as a driver keeps it up");
    return {};
  }
  const auto usable = node.property(node_usable_name);
  const std::string_view name = usable ? node_usable_name : "reg";
  const auto value = usable ? usable : node.property("reg");
  if (!value)
    return refuse(fmt::format("{} has no reg", node.path()),
                  "take the device tree of this system as it is");
  KXF_TRY(ranges, read_ranges(*value, root.address_cells(), root.size_cells(),
                              fmt::format("{} of {}", name, node.path())));
  if (usable)
    record.decide("memory", fmt::format("only {} of {}", node_usable_name, node.path()),
                  "the running kernel was limited to it");
  for (const Range& range : ranges)
    if (!range.empty()) found.push_back({range, MemoryKind::ram, node.path(), {}});
  return {};
}

void add_dynamic(const DynamicMemory& memory, std::vector<MemoryRange>& found, Record& record) {
  record.decide("memory",
                fmt::format("{} of {} blocks of {}", memory.assigned, memory.blocks,
                            size_text(memory.block_bytes)),
                fmt::format("{}: assigned to this partition and not reserved", memory.encoding));
  if (memory.limited)
    record.decide("memory", fmt::format("only linux,drconf-usable-memory of {}", drconf_path),
                  "the running kernel was limited to it");
  for (const Range& range : memory.ram)
    found.push_back({range, MemoryKind::ram, std::string(drconf_path), {}});
}

}  // namespace

Result<std::vector<MemoryRange>> memory_nodes(const DeviceTree& tree, Record& record) {
  std::vector<MemoryRange> found;
  const Node root = tree.root();
  for (const Node& node : enabled_memory_nodes(tree))
    KXF_CHECK(add_node(node, root, found, record));
  KXF_TRY(dynamic, dynamic_memory(tree));
  if (dynamic) add_dynamic(*dynamic, found, record);
  return found;
}

std::vector<Node> enabled_memory_nodes(const DeviceTree& tree) {
  std::vector<Node> nodes = tree.root().children();
  std::erase_if(nodes, [](const Node& node) {
    return node.text("device_type") != "memory" || !node.is_enabled();
  });
  return nodes;
}

Result<std::vector<Range>> coherent_device_memory(const DeviceTree& tree) {
  std::vector<Range> found;
  for (const Node& node : enabled_memory_nodes(tree)) {
    if (!is_coherent_device_memory(node) || !node.has("reg")) continue;
    KXF_TRY(ranges, node.reg());
    found.insert(found.end(), ranges.begin(), ranges.end());
  }
  return found;
}

Result<Range> lowest_memory(const DeviceTree& tree) {
  Record unused;
  KXF_TRY(nodes, memory_nodes(tree, unused));
  if (nodes.empty())
    return refuse("the device tree lists no memory",
                  "take the device tree of this system as it is");
  const auto lowest = std::min_element(
      nodes.begin(), nodes.end(),
      [](const MemoryRange& a, const MemoryRange& b) { return a.range.start < b.range.start; });
  Range range = lowest->range;
  if (lowest->label == drconf_path) {
    // The kernel takes block by block, and the first is its first piece of memory.
    KXF_TRY(dynamic, dynamic_memory(tree));
    if (dynamic) range.end = std::min(range.end, range.start + dynamic->block_bytes);
  }
  return range;
}

}  // namespace kxf::ppc64
