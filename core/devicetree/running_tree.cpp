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

/// The blob's reservations without the one of the blob itself, which boot loaders add: of exactly
/// its size, as the header has it. The next tree will lie elsewhere, and entries that nobody drops
/// would pile up from one kernel to the next.
std::vector<Range> lasting_reservations(const DeviceTree& blob, ByteView bytes) {
  constexpr std::uint64_t total_size_at = 4;  // Devicetree Specification v0.4, section 5.2
  const std::uint64_t size =
      Bytes(bytes, Endian::big).read<std::uint32_t>(total_size_at).value_or(0);
  std::vector<Range> ranges = blob.memory_reservations();
  std::erase_if(ranges, [size](const Range& range) { return range.size_bytes() == size; });
  return ranges;
}

/// `tree` with these reservations and this boot CPU.
Result<DeviceTree> with_header(const DeviceTree& tree, const std::vector<Range>& reservations,
                               std::uint32_t boot_cpu) {
  TreeEditor editor(tree);
  editor.unreserve_all();
  for (const Range& range : reservations) KXF_CHECK(editor.reserve(range));
  editor.set_boot_cpu(boot_cpu);
  return editor.tree();
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
  const std::vector<Range> reservations = lasting_reservations(blob, *bytes);
  if (!is_outdated(blob, machine)) {
    if (reservations.size() == blob.memory_reservations().size()) return blob;
    return with_header(blob, reservations, blob.boot_cpu());
  }
  KXF_TRY(now, tree_of_now(machine));
  return with_header(now, reservations, blob.boot_cpu());
}

}  // namespace kxf
