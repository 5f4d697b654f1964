// SPDX-License-Identifier: Apache-2.0
#include "devicetree/running_tree.hpp"

#include <algorithm>

#include "devicetree/flatten.hpp"

namespace kxf {
namespace {

constexpr std::string_view blob_path = "/sys/firmware/fdt";
constexpr std::string_view unpacked_chosen = "/proc/device-tree/chosen";

/// Has the kernel written into the tree since it was booted?
bool is_outdated(const DeviceTree& blob, const Machine& machine) {
  const auto chosen = blob.find("/chosen");
  return std::ranges::any_of(machine.list(unpacked_chosen), [&](const std::string& name) {
    // The kernel makes `name` up, and a child may be listed as well.
    return name != "name" && !(chosen && (chosen->has(name) || chosen->child(name)));
  });
}

Result<DeviceTree> tree_of_now(const Machine& machine) {
  KXF_TRY(flat, flatten_device_tree(machine));
  return DeviceTree::parse(flat, "/proc/device-tree");
}

}  // namespace

Result<DeviceTree> running_tree(const Machine& machine) {
  // Only root reads the blob, and a kernel that was built without it shows none.
  const Result<ByteVector> bytes = machine.read(blob_path);
  if (!bytes) {
    if (machine.exists("/proc/device-tree")) return tree_of_now(machine);
    return tl::unexpected(bytes.error());
  }
  KXF_TRY(blob, DeviceTree::parse(*bytes, blob_path));
  if (!is_outdated(blob, machine)) return blob;
  KXF_TRY(now, tree_of_now(machine));
  TreeEditor editor(now);
  for (const Range& range : blob.memory_reservations()) KXF_CHECK(editor.reserve(range));
  editor.set_boot_cpu(blob.boot_cpu());
  return editor.tree();
}

}  // namespace kxf
