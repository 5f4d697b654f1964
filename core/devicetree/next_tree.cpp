// SPDX-License-Identifier: Apache-2.0
#include "devicetree/next_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "devicetree/cells.hpp"
#include "devicetree/inherit.hpp"
#include "image/files.hpp"
#include "image/pins.hpp"

namespace kxf {
namespace {

/// Read by kernels and written by loaders; what stands there belongs to the running kernel only.
constexpr std::string_view left_overs[] = {
    "linux,elfcorehdr",  "linux,usable-memory-range", "linux,ima-kexec-buffer", "linux,kho-fdt",
    "linux,kho-scratch", "linux,initrd-start",        "linux,initrd-end",       "kaslr-seed",
    "rng-seed",          "linux,booted-from-kexec"};

constexpr std::string_view chosen = "/chosen";

Result<DeviceTree> read_tree(const Policy& policy, Record& record) {
  const std::string& path = policy.tree_source.value;
  KXF_TRY(file, policy.tree_sha256.is_set() ? copy_file(path) : read_file(path));
  KXF_CHECK(check_pin(policy.tree_sha256, file.view(), fmt::format("\"{}\"", path), record));
  record.decide("device-tree", path, policy.tree_source.origin);
  return DeviceTree::parse(file.view(), path);
}

Status apply_overlay(TreeEditor& editor, const Blob& overlay, const std::string& name) {
  auto applied = editor.apply_overlay(overlay.view(), name);
  if (applied) return {};
  Error error = std::move(applied).error();
  if (error.remedy.empty()) error.remedy = "use an overlay that was made for this board";
  return tl::unexpected(std::move(error));
}

/// The tree of the image as its overlays make it.
Result<DeviceTree> carried_tree(const Policy& policy, const CarriedTree& carried, Record& record) {
  KXF_CHECK(check_pin(policy.tree_sha256, carried.base.view(), "the image's own", record));
  record.decide("device-tree", "the image's own", "neither the profile nor a flag names one");
  KXF_TRY(base, DeviceTree::parse(carried.base.view(), "the image's own"));
  if (carried.overlays.empty()) return base;
  TreeEditor editor(base);
  for (std::size_t i = 0; i < carried.overlays.size(); ++i) {
    const std::string name =
        fmt::format("overlay {} of {} in the image", i + 1, carried.overlays.size());
    KXF_CHECK(apply_overlay(editor, carried.overlays[i], name));
    record.decide("device-tree", name, "it belongs to the image's own tree");
  }
  return editor.tree();
}

Result<DeviceTree> source_of(const Policy& policy, const DeviceTree* running,
                             const CarriedTree* carried, Record& record) {
  if (takes_carried_tree(policy, carried)) return carried_tree(policy, *carried, record);
  if (carried != nullptr)
    record.decide("device-tree", "not the image's own", policy.tree_source.origin);
  if (policy.tree_source.value != "running") return read_tree(policy, record);
  if (policy.tree_sha256.is_set())
    return refuse(fmt::format("{} pins a tree from a file or an image, and the running system's "
                              "would be taken, which is another one after each boot",
                              policy.tree_sha256.origin),
                  "name the tree with --dtb or device-tree.source, or remove the pin");
  if (running == nullptr)
    return refuse("the running system has no device tree to pass on",
                  "name one with --dtb or device-tree.source");
  record.decide("device-tree", "the running system's", policy.tree_source.origin);
  return *running;
}

/// Reservations that the running kernel's boot needed and the next one's does not: its initrd
/// (exact, or in whole pages as some loaders wrote it), its IMA buffer and, when it is itself a
/// crash kernel, the core header.
unsigned drop_old_reservations(TreeEditor& tree, const DeviceTree& now) {
  const auto node = now.find(chosen);
  if (!node) return 0;
  unsigned dropped = 0;
  const auto start = node->number("linux,initrd-start");
  const auto end = node->number("linux,initrd-end");
  if (start && end && *start < *end) {
    const Range initrd{*start, *end};
    dropped += tree.unreserve(initrd);
    for (const std::uint64_t page : {4096U, 16384U, 65536U}) {
      const Range grown{align_down(initrd.start, page), align_up(initrd.end, page).value_or(0)};
      if (grown != initrd) dropped += tree.unreserve(grown);
    }
  }
  for (const std::string_view name : {"linux,ima-kexec-buffer", "linux,elfcorehdr"})
    if (const auto value = node->property(name)) {
      const Node root = now.root();
      const auto ranges = ranges_of_cells(*value, root.address_cells(), root.size_cells(), name);
      if (!ranges) continue;  // malformed: it names no reservation
      for (const Range& range : *ranges) dropped += tree.unreserve(range);
    }
  return dropped;
}

}  // namespace

bool takes_carried_tree(const Policy& policy, const CarriedTree* carried) {
  return carried != nullptr && !policy.tree_source.is_set();
}

Result<DeviceTree> prepare_tree(const Policy& policy, const DeviceTree* running, Record& record,
                                const CarriedTree* carried) {
  auto source = source_of(policy, running, carried, record);
  if (!source) return pass(std::move(source), "device tree");
  const bool is_running =
      policy.tree_source.value == "running" && !takes_carried_tree(policy, carried);

  TreeEditor editor(*source);
  if (!is_running && running != nullptr)
    KXF_CHECK(inherit_from_running(editor, *running, policy.tree_inherit.value, record));
  for (const std::string& path : policy.tree_overlays.value) {
    auto overlay = read_file(path);
    if (!overlay) return pass(std::move(overlay), "device tree: overlay");
    if (auto applied = apply_overlay(editor, *overlay, path); !applied)
      return pass(std::move(applied), "device tree");
    record.decide("device-tree", "overlay " + path, policy.tree_overlays.origin);
  }
  for (const PropertyValue& edit : policy.tree_set.value) {
    KXF_CHECK(editor.set(edit.node, edit.property, edit.value));
    record.decide("device-tree", fmt::format("set {} {}", edit.node, edit.property),
                  policy.tree_set.origin);
  }
  for (const PropertyName& edit : policy.tree_delete.value) {
    const bool there = edit.property.empty() ? editor.remove_node(edit.node)
                                             : editor.remove_property(edit.node, edit.property);
    const std::string what =
        fmt::format("{}{}{}", edit.node, edit.property.empty() ? "" : " ", edit.property);
    record.decide("device-tree", "delete " + what,
                  policy.tree_delete.origin + (there ? "" : " (was not there)"));
  }
  return editor.tree();
}

Status write_command_line(TreeEditor& tree, std::string_view command_line) {
  if (!command_line.empty()) return tree.set_text(chosen, "bootargs", command_line);
  tree.remove_property(chosen, "bootargs");
  return {};
}

Status write_initrd(TreeEditor& tree, const Range& initrd) {
  KXF_CHECK(tree.set_u64(chosen, "linux,initrd-start", initrd.start));
  return tree.set_u64(chosen, "linux,initrd-end", initrd.end);
}

Status write_chosen(TreeEditor& tree, const ChosenValues& values, Record& record) {
  KXF_TRY(before, tree.tree());
  const unsigned dropped = drop_old_reservations(tree, before);
  if (dropped != 0)
    record.decide("device-tree", fmt::format("dropped {} memory reservations", dropped),
                  "they belong to the initrd, IMA log or core header of the running kernel");
  // Looked up in one node that is at hand: each edit walks the whole tree to find it again.
  const auto old = before.find(chosen);
  for (const std::string_view name : left_overs)
    if (old && old->has(name) && tree.remove_property(chosen, name))
      record.decide("device-tree", fmt::format("dropped /chosen/{}", name),
                    "it belongs to the running kernel");

  KXF_CHECK(write_command_line(tree, values.command_line));
  if (values.initrd) {
    KXF_CHECK(write_initrd(tree, *values.initrd));
    KXF_CHECK(tree.reserve(*values.initrd));
  }
  for (const Range& range : values.reserve) KXF_CHECK(tree.reserve(range));
  if (values.bundle) {
    record.decide("seeds", "none", "firmware starts a bundle many times, each time the same");
    return {};
  }
  KXF_CHECK(tree.set(chosen, "kaslr-seed", ByteVector(kaslr_seed_bytes)));
  KXF_CHECK(tree.set(chosen, "rng-seed", ByteVector(rng_seed_bytes)));
  KXF_CHECK(tree.set(chosen, "linux,booted-from-kexec", {}));
  return {};
}

std::vector<SeedPlace> seed_places(const DeviceTree& tree) {
  std::vector<SeedPlace> places;
  const auto node = tree.find(chosen);
  if (!node) return places;
  for (const std::string_view name : {"kaslr-seed", "rng-seed"})
    if (const auto value = node->property(name))
      places.push_back(
          {static_cast<std::size_t>(value->data() - tree.blob().data()), value->size()});
  return places;
}

}  // namespace kxf
