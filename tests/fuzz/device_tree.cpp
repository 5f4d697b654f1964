// SPDX-License-Identifier: Apache-2.0
// Device trees: parsed, walked with every accessor, edited, and applied as overlays.
#include <algorithm>

#include "kxf/cpu.hpp"
#include "kxf/device_tree.hpp"
#include "map_machine.hpp"
#include "require.hpp"

namespace {

using kxf::DeviceTree;
using kxf::Node;
using kxf_fuzz::require;

void walk(const Node& node, const DeviceTree& tree) {
  const std::string path = node.path();
  for (const kxf::Property& property : node.properties()) {
    require(property.value.data() >= tree.blob().data() &&
                property.value.data() + property.value.size() <=
                    tree.blob().data() + tree.blob().size(),
            "values lie inside the blob");
    (void)node.text(property.name);
    (void)node.texts(property.name);
    (void)node.u32(property.name);
    (void)node.number(property.name);
  }
  (void)node.reg();
  (void)node.physical_reg();
  (void)node.is_enabled();
  (void)node.is_compatible("simple-bus");
  for (const Node& child : node.children()) walk(child, tree);
}

const DeviceTree& base() {
  static const DeviceTree tree = kxf_test::TreeMaker()
                                     .text("/", "compatible", "acme,board")
                                     .text("/soc/uart@1", "compatible", "acme,uart")
                                     .cells("/soc/uart@1", "phandle", {1})
                                     .text("/__symbols__", "uart", "/soc/uart@1")
                                     .done();
  return tree;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kxf::ByteView blob(data, size);
  kxf::TreeEditor patched(base());
  if (patched.apply_overlay(blob, "overlay"))
    require(patched.tree().has_value(), "a tree with an overlay is sound");
  const auto tree = DeviceTree::parse(blob, "blob");
  if (!tree) {
    require(!tree.error().remedy.empty(), "a refusal has a remedy");
    return 0;
  }
  const auto again = DeviceTree::parse(tree->blob(), "blob");
  require(again && std::ranges::equal(again->blob(), tree->blob()), "what is packed stays so");
  walk(tree->root(), *tree);
  (void)tree->board();
  (void)tree->model();
  (void)tree->compatible_with("arm,pl011");
  (void)tree->memory_reservations();
  (void)kxf::cpu_nodes(*tree);
  kxf::TreeEditor editor(*tree);
  if (editor.set_text("/chosen", "bootargs", "quiet"))
    require(editor.tree().has_value() || tree->blob().size() + 4096 > DeviceTree::max_size_bytes,
            "an edited tree is sound");
  return 0;
}
