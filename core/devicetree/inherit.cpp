// SPDX-License-Identifier: Apache-2.0
#include "devicetree/inherit.hpp"

#include <fmt/format.h>
#include <libfdt.h>

#include <algorithm>

namespace kxf {
namespace {

/// Copy a node's properties and children to the same path, without phandles: nothing in the other
/// tree refers to them, and their numbers may be taken there.
Status copy_subtree(TreeEditor& to, const DeviceTree& from, const std::string& path) {
  const void* blob = from.blob().data();
  const int node = fdt_path_offset(blob, path.c_str());
  if (node < 0) return broken(fmt::format("{} vanished from the running tree", path));
  int property = 0;
  fdt_for_each_property_offset(property, blob, node) {
    const char* name = nullptr;
    int size = 0;
    const auto* value =
        static_cast<const std::uint8_t*>(fdt_getprop_by_offset(blob, property, &name, &size));
    if (value == nullptr) return broken(fmt::format("{} has an unreadable property", path));
    const std::string_view text = name;
    if (text == "phandle" || text == "linux,phandle") continue;
    KXF_CHECK(to.set(path, text, {value, static_cast<std::size_t>(size)}));
  }
  int child = 0;
  fdt_for_each_subnode(child, blob, node) {
    const std::string name = fdt_get_name(blob, child, nullptr);
    KXF_CHECK(copy_subtree(to, from, path == "/" ? "/" + name : path + "/" + name));
  }
  return {};
}

std::vector<Node> memory_nodes(const DeviceTree& tree) {
  std::vector<Node> nodes;
  for (Node& node : tree.root().children())
    if (node.text("device_type") == "memory") nodes.push_back(std::move(node));
  return nodes;
}

Status inherit_memory(TreeEditor& to, const DeviceTree& now, const DeviceTree& running,
                      Record& record) {
  const std::vector<Node> sources = memory_nodes(running);
  if (sources.empty() || !memory_nodes(now).empty()) return {};
  for (const Node& node : sources) {
    KXF_TRY(ranges, node.reg());
    const Node root = now.root();
    auto reg = encode_ranges(ranges, root.address_cells(), root.size_cells());
    if (!reg)
      return refuse(
          fmt::format("the memory of the running system does not fit the {} address and {} "
                      "size cells of the new device tree: {}",
                      root.address_cells(), root.size_cells(), reg.error().message),
          "give the new tree memory nodes of its own, or two cells each at its root");
    KXF_CHECK(copy_subtree(to, running, node.path()));
    KXF_CHECK(to.set(node.path(), "reg", *reg));
  }
  record.decide("device-tree", "memory nodes of the running system", "the new tree has none");
  return {};
}

Status inherit_reserved(TreeEditor& to, const DeviceTree& now, const DeviceTree& running,
                        Record& record) {
  const auto source = running.find("/reserved-memory");
  if (!source || now.find("/reserved-memory")) return {};
  const Node root = now.root();
  if (source->address_cells() != root.address_cells() || source->size_cells() != root.size_cells())
    return refuse(
        "the new device tree has other cell counts at its root than the running one, so "
        "/reserved-memory cannot be taken over",
        "add /reserved-memory to the new tree, or leave \"reserved-memory\" out of "
        "device-tree.inherit");
  KXF_CHECK(copy_subtree(to, running, "/reserved-memory"));
  record.decide("device-tree", "/reserved-memory of the running system", "the new tree has none");
  return {};
}

Status inherit_memreserve(TreeEditor& to, const DeviceTree& now, const DeviceTree& running,
                          Record& record) {
  const std::vector<Range> present = now.memory_reservations();
  unsigned added = 0;
  for (const Range& range : running.memory_reservations()) {
    if (std::ranges::find(present, range) != present.end()) continue;
    KXF_CHECK(to.reserve(range));
    ++added;
  }
  if (added != 0)
    record.decide("device-tree", fmt::format("{} memory reservations of the running system", added),
                  "the new tree lacks them");
  return {};
}

/// Without these properties the next kernel finds neither the UEFI memory map nor ACPI.
Status inherit_uefi(TreeEditor& to, const DeviceTree& now, const DeviceTree& running,
                    Record& record) {
  const auto source = running.find("/chosen");
  const auto target = now.find("/chosen");
  if (!source || !source->has("linux,uefi-system-table")) return {};
  if (target && target->has("linux,uefi-system-table")) return {};
  for (const std::string_view name :
       {"linux,uefi-system-table", "linux,uefi-mmap-start", "linux,uefi-mmap-size",
        "linux,uefi-mmap-desc-size", "linux,uefi-mmap-desc-ver", "linux,uefi-secure-boot"})
    if (const auto value = source->property(name)) KXF_CHECK(to.set("/chosen", name, *value));
  record.decide("device-tree", "linux,uefi-* of the running system", "the new tree has none");
  return {};
}

Status inherit_stdout(TreeEditor& to, const DeviceTree& now, const DeviceTree& running,
                      Record& record) {
  const auto source = running.find("/chosen");
  const auto target = now.find("/chosen");
  const auto path = source ? source->text("stdout-path") : std::nullopt;
  if (!path || (target && target->has("stdout-path"))) return {};
  if (!now.find(path->substr(0, path->find(':')))) return {};  // no such device there
  KXF_CHECK(to.set_text("/chosen", "stdout-path", *path));
  record.decide("device-tree", "stdout-path of the running system", "the new tree has none");
  return {};
}

}  // namespace

Status inherit_from_running(TreeEditor& tree, const DeviceTree& running,
                            const std::vector<std::string>& topics, Record& record) {
  struct Topic {
    std::string_view name;
    Status (*inherit)(TreeEditor&, const DeviceTree&, const DeviceTree&, Record&);
  };
  static constexpr Topic known[] = {{"memory", inherit_memory},
                                    {"reserved-memory", inherit_reserved},
                                    {"memreserve", inherit_memreserve},
                                    {"uefi", inherit_uefi},
                                    {"stdout-path", inherit_stdout}};
  KXF_TRY(now, tree.tree());
  for (const Topic& topic : known)
    if (std::ranges::find(topics, topic.name) != topics.end())
      KXF_CHECK(topic.inherit(tree, now, running, record));
  return {};
}

}  // namespace kxf
