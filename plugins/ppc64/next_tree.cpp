// SPDX-License-Identifier: Apache-2.0
//
// The next tree begins as the running one, and the running kernel has left its own mark there. What
// a kernel reads early and must not find (arch/powerpc/kernel/prom.c, kexec/core.c of Linux 6.1):
//
//   /chosen linux,kernel-end        where the kernel that runs ends: its successor writes its own
//   /chosen linux,htab-base, -size  its hash table
//   /chosen linux,crashkernel-*     its crash region; taken for an order to reserve the same again
//   /chosen linux,memory-limit      its mem=; taken for an order to forget the memory above
//   linux,usable-memory             of memory nodes: a kdump kernel's share. The successor of a
//   linux,drconf-usable-memory      kdump kernel gets all memory again
//   linux,pci-domain                of host bridges: numbered anew by each kernel
//
// A loader of the running kernel's own (kexec_file_load) starts from the tree of the last boot,
// where none of these is, and adds linux,booted-from-kexec and the memory reservations; core does
// the first for every architecture, and the second is below.
#include "ppc64/next_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/crash.hpp"
#include "ppc64/platform.hpp"

namespace kxf::ppc64 {
namespace {

struct LeftOver {
  std::string_view property;
  std::string_view reason;
};

constexpr LeftOver in_chosen[] = {
    {"linux,kernel-end", "it is where the running kernel ends"},
    {"linux,htab-base", "it is the running kernel's hash table"},
    {"linux,htab-size", "it is the running kernel's hash table"},
    {"linux,crashkernel-base", "it is the running kernel's crash region"},
    {"linux,crashkernel-size", "it is the running kernel's crash region"},
    {"linux,memory-limit", "it is mem= of the running kernel"},
};

constexpr LeftOver anywhere[] = {
    {"linux,usable-memory", "it limits a kdump kernel"},
    {"linux,drconf-usable-memory", "it limits a kdump kernel"},
    {"linux,pci-domain", "each kernel numbers its host bridges"},
};

void drop(TreeEditor& editor, const Node& node, const LeftOver& what, Record& record) {
  if (!node.has(what.property)) return;
  const std::string path = node.path();
  if (editor.remove_property(path, what.property))
    record.decide("device-tree",
                  fmt::format("dropped {}/{}", path == "/" ? "" : path, what.property),
                  std::string(what.reason));
}

/// `node` belongs to a tree that the editor does not change.
void drop_everywhere(TreeEditor& editor, const Node& node, Record& record) {
  for (const LeftOver& what : anywhere) drop(editor, node, what, record);
  for (const Node& child : node.children()) drop_everywhere(editor, child, record);
}

/// Has the running kernel been loaded into a crash region, to save what the one before left?
bool is_kdump_kernel(const DeviceTree& running) {
  const std::vector<Node> nodes = running.root().children();
  return std::any_of(nodes.begin(), nodes.end(), [](const Node& node) {
    return node.has("linux,usable-memory") || node.has("linux,drconf-usable-memory");
  });
}

/// For a kdump kernel all memory from the backup to its own is reserved: that of the crashed
/// kernel.
void release_crashed_kernel(TreeEditor& editor, const DeviceTree& running, Record& record) {
  if (!is_kdump_kernel(running)) return;
  for (const Range& range : running.memory_reservations())
    if (range.start == backed_up.end && editor.unreserve(range) != 0)
      record.decide("device-tree", fmt::format("dropped the memory reservation {}", to_text(range)),
                    "it is the kernel that crashed before the running one");
}

/// What firmware owns, as far as it is not listed yet. Compared entry by entry: what is covered by
/// a larger one is added all the same, since the size of the tree must not depend on addresses.
Status reserve_firmware(TreeEditor& editor, const DeviceTree& running, Record& record) {
  KXF_TRY(found, firmware_ranges(running));
  KXF_TRY(now, editor.tree());
  std::vector<Range> listed = now.memory_reservations();
  for (const MemoryRange& firmware : found) {
    if (std::find(listed.begin(), listed.end(), firmware.range) != listed.end()) continue;
    KXF_CHECK(editor.reserve(firmware.range));
    listed.push_back(firmware.range);
    record.decide("device-tree", fmt::format("reserved {}", to_text(firmware.range)),
                  firmware.label);
  }
  return {};
}

}  // namespace

Status adjust_next_tree(TreeEditor& editor, const ArchitectureQuestion& question, Record& record) {
  KXF_TRY(before, editor.tree());
  if (const auto chosen = before.find("/chosen"))
    for (const LeftOver& what : in_chosen) drop(editor, *chosen, what, record);
  drop_everywhere(editor, before.root(), record);

  const DeviceTree* const running = question.machine.device_tree();
  if (running == nullptr) return {};
  release_crashed_kernel(editor, *running, record);
  return reserve_firmware(editor, *running, record);
}

}  // namespace kxf::ppc64
