// SPDX-License-Identifier: Apache-2.0
#include <libfdt.h>

#include <algorithm>
#include <utility>

#include "devicetree/blob_check.hpp"
#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// The value of an alias when it is a path. libfdt follows an alias that names another alias (or
/// itself) without end, so that is done here.
std::optional<std::string_view> alias_target(const DeviceTree& tree, std::string_view alias) {
  const auto aliases = tree.find("/aliases");
  if (!aliases) return std::nullopt;
  const auto target = aliases->text(alias);
  if (!target || !target->starts_with('/')) return std::nullopt;
  return target;
}

}  // namespace

Result<DeviceTree> DeviceTree::parse(ByteView blob, std::string_view origin) {
  KXF_TRY(packed, packed_blob(blob, origin));
  return DeviceTree(std::make_shared<const ByteVector>(std::move(packed)));
}

Node DeviceTree::root() const { return {blob_, 0}; }

std::optional<Node> DeviceTree::find(std::string_view path) const {
  if (path.empty()) return std::nullopt;
  if (path.front() != '/') {
    const std::size_t slash = path.find('/');
    const auto target = alias_target(*this, path.substr(0, slash));
    if (!target) return std::nullopt;
    std::string full(*target);
    if (slash != std::string_view::npos) full += path.substr(slash);
    return find(full);
  }
  if (path.size() > max_size_bytes) return std::nullopt;
  // Step by step, so that each node knows its parent.
  Node node = root();
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (name.empty()) continue;
    auto child = node.child(name);
    if (!child) return std::nullopt;
    node = std::move(*child);
  }
  return node;
}

std::vector<Node> DeviceTree::compatible_with(std::string_view name) const {
  std::vector<Node> found;
  // Most names that are asked for are in no node: to know that needs no walk through the nodes.
  if (text_of(*blob_).find(name) == std::string_view::npos) return found;
  for (int offset = 0; offset >= 0; offset = fdt_next_node(blob_->data(), offset, nullptr))
    if (Node node(blob_, offset); node.is_compatible(name)) found.push_back(std::move(node));
  return found;
}

std::vector<std::string_view> DeviceTree::board() const {
  std::vector<std::string_view> names;
  // The views point into the blob, which lives as long as this tree.
  for (const std::string_view name : root().texts("compatible")) names.push_back(name);
  return names;
}

std::string_view DeviceTree::model() const { return root().text("model").value_or(""); }

std::vector<Range> DeviceTree::memory_reservations() const {
  std::vector<Range> found;
  const int count = fdt_num_mem_rsv(blob_->data());
  for (int i = 0; i < count; ++i) {
    std::uint64_t start = 0;
    std::uint64_t size = 0;
    if (fdt_get_mem_rsv(blob_->data(), i, &start, &size) == 0)
      found.push_back(Range::sized(start, size));
  }
  return found;
}

std::uint32_t DeviceTree::boot_cpu() const noexcept { return fdt_boot_cpuid_phys(blob_->data()); }

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
