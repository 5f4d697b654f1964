// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "devicetree/flatten.hpp"
#include "devicetree/running_tree.hpp"
#include "kxf/device_tree.hpp"
#include "map_machine.hpp"

namespace tree_editor_test {

using kxf::ByteVector;
using kxf::DeviceTree;
using kxf::Node;
using kxf::Range;
using kxf::TreeEditor;
using kxf_test::bytes_of_tree;
using kxf_test::empty_tree;
using kxf_test::MapMachine;
using kxf_test::sample_tree;
using kxf_test::TreeMaker;

TEST_SUITE("tree editor") {
  TEST_CASE("a property is set, replaced and removed") {
    TreeEditor editor(sample_tree());
    REQUIRE(editor.set_text("/chosen", "bootargs", "console=ttyAMA0"));
    REQUIRE(editor.set_u64("/chosen", "linux,initrd-start", 0x48000000));
    REQUIRE(editor.set_u32("/chosen", "number", 5));
    const auto tree = editor.tree();
    REQUIRE(tree);
    CHECK(tree->find("/chosen")->text("bootargs") == "console=ttyAMA0");
    CHECK(tree->find("/chosen")->number("linux,initrd-start") == 0x48000000);
    CHECK(tree->find("/chosen")->u32("number") == 5);
    CHECK(editor.remove_property("/chosen", "bootargs"));
    CHECK(!editor.remove_property("/chosen", "bootargs"));
    CHECK(!editor.remove_property("/nothing", "bootargs"));
    CHECK(editor.remove_node("/soc"));
    CHECK(!editor.remove_node("/soc/serial@9000000"));
    CHECK(!editor.remove_node("/"));
    const auto after = editor.tree();
    REQUIRE(after);
    CHECK(!after->find("/chosen")->has("bootargs"));
    CHECK(!after->find("/soc"));
    // The first reading is a value of its own.
    CHECK(tree->find("/soc"));
  }

  TEST_CASE("missing parents are created") {
    TreeEditor editor(empty_tree());
    REQUIRE(editor.set_text("/a/b@1/c", "p", "v"));
    CHECK(editor.tree()->find("/a/b@1/c")->text("p") == "v");
  }

  TEST_CASE("paths and names that are none are refused and change nothing") {
    TreeEditor editor(sample_tree());
    for (const std::string_view path :
         {"", "chosen", "serial0", "/a//b", "//", "/a b", "/chosen/\n"}) {
      CAPTURE(path);
      CHECK(!editor.set_text(path, "p", "v"));
    }
    for (const std::string_view name : {"", "a b", "a/b", "a\n"})
      CHECK(!editor.set_text("/chosen", name, "v"));
    CHECK(!editor.set_text("/chosen", std::string_view("a\0b", 3), "v"));
    std::string deep;
    for (int i = 0; i < 64; ++i) deep += "/n";
    CHECK(!editor.set_text(deep, "p", "v"));
    const auto tree = editor.tree();
    REQUIRE(tree);
    CHECK(tree->root().children().size() == sample_tree().root().children().size());
    CHECK(!tree->find("/n"));
  }

  TEST_CASE("the tree grows far beyond its first size") {
    TreeEditor editor(empty_tree());
    for (unsigned i = 0; i < 300; ++i)
      REQUIRE(editor.set("/n" + std::to_string(i), "data", ByteVector(1000, 7)));
    const auto tree = editor.tree();
    REQUIRE(tree);
    CHECK(tree->root().children().size() == 300);
    CHECK(tree->find("/n299")->property("data")->size() == 1000);
  }

  TEST_CASE("memory reservations are added and dropped exactly") {
    TreeEditor editor(sample_tree());
    REQUIRE(editor.reserve({0x48000000, 0x49000000}));
    REQUIRE(editor.reserve({0x48000000, 0x49000000}));
    REQUIRE(editor.reserve({0x48000000, 0x48001000}));
    CHECK(editor.tree()->memory_reservations().size() == 4);
    CHECK(editor.unreserve({0x48000000, 0x49000000}) == 2);
    CHECK(editor.unreserve({0x48000000, 0x49000000}) == 0);
    CHECK(editor.tree()->memory_reservations() ==
          std::vector<Range>{{0x1000, 0x3000}, {0x48000000, 0x48001000}});
    CHECK(!editor.reserve({0x1000, 0x1000}));
    editor.unreserve_all();
    CHECK(editor.tree()->memory_reservations().empty());
    CHECK(editor.tree()->find("/chosen"));
  }

  TEST_CASE("any edits leave a sound tree that says what was set last") {
    CHECK(rc::check([] {
      TreeEditor editor(sample_tree());
      std::map<std::string, std::map<std::string, ByteVector>> expected;
      const int edits = *rc::gen::inRange(1, 40);
      for (int i = 0; i < edits; ++i) {
        const std::string path = *rc::gen::element<std::string>("/x", "/x/y", "/x/y/z@1", "/w");
        const std::string name = *rc::gen::element<std::string>("reg", "p", "#q");
        if (*rc::gen::inRange(0, 4) != 0) {
          const auto value = *rc::gen::container<ByteVector>(rc::gen::arbitrary<std::uint8_t>());
          RC_ASSERT(editor.set(path, name, value).has_value());
          expected[path][name] = value;
        } else if (*rc::gen::arbitrary<bool>()) {
          RC_ASSERT(editor.remove_property(path, name) == (expected[path].erase(name) == 1));
        } else {
          editor.remove_node(path);
          std::erase_if(expected, [&path](const auto& node) {
            return node.first == path || node.first.starts_with(path + "/");
          });
        }
        const auto tree = editor.tree();
        RC_ASSERT(tree.has_value());
        for (const auto& [node_path, properties] : expected) {
          for (const auto& [property, value] : properties) {
            const auto node = tree->find(node_path);
            RC_ASSERT(node.has_value());
            const auto found = node->property(property);
            RC_ASSERT(found.has_value());
            RC_ASSERT(std::ranges::equal(*found, value));
          }
        }
      }
    }));
  }
}

namespace {

/// A base with symbols and one reference, as dtc -@ makes it.
DeviceTree overlay_base() {
  return TreeMaker()
      .cells("/uart", "phandle", {1})
      .cells("/clock", "phandle", {2})
      .cells("/uart", "clocks", {2})
      .text("/__symbols__", "uart", "/uart")
      .text("/__symbols__", "clock", "/clock")
      .done();
}

/// An overlay whose one fragment targets a label: `&uart { status = "okay"; ... };`.
TreeMaker labelled_overlay(std::string_view label = "uart") {
  TreeMaker maker;
  maker.cells("/fragment@0", "target", {0xffffffff});
  maker.text("/fragment@0/__overlay__", "status", "okay");
  maker.text("/__fixups__", label, "/fragment@0:target:0");
  return maker;
}

std::string overlay_error(const DeviceTree& base, const DeviceTree& overlay) {
  TreeEditor editor(base);
  const auto status = editor.apply_overlay(overlay.blob(), "x.dtbo");
  REQUIRE(!status);
  const auto after = editor.tree();
  REQUIRE(after);
  CHECK(std::ranges::equal(after->blob(), base.blob()));  // a failure changes nothing
  CHECK(status.error().message.starts_with("overlay x.dtbo: "));
  return status.error().message;
}

}  // namespace

TEST_SUITE("overlays") {
  TEST_CASE("an overlay is applied by label and by path") {
    TreeEditor editor(overlay_base());
    REQUIRE(editor.apply_overlay(labelled_overlay().done().blob(), "label.dtbo"));
    const DeviceTree by_path = TreeMaker()
                                   .text("/fragment@0", "target-path", "/clock")
                                   .text("/fragment@0/__overlay__/child", "p", "v")
                                   .done();
    REQUIRE(editor.apply_overlay(by_path.blob(), "path.dtbo"));
    const auto tree = editor.tree();
    REQUIRE(tree);
    CHECK(tree->find("/uart")->text("status") == "okay");
    CHECK(tree->find("/uart")->u32("clocks") == 2);
    CHECK(tree->find("/clock/child")->text("p") == "v");
    REQUIRE(editor.set_text("/chosen", "bootargs", "still editable"));
  }

  TEST_CASE("a large overlay finds room") {
    TreeMaker maker;
    maker.text("/fragment@0", "target-path", "/");
    for (int i = 0; i < 100; ++i)
      maker.cells("/fragment@0/__overlay__/n" + std::to_string(i), "data",
                  std::vector<std::uint32_t>(200, 1));
    TreeEditor editor(overlay_base());
    REQUIRE(editor.apply_overlay(maker.done().blob(), "large.dtbo"));
    CHECK(editor.tree()->find("/n99"));
  }

  TEST_CASE("phandles of the overlay get numbers that are free in the base") {
    TreeMaker maker = labelled_overlay();
    maker.cells("/fragment@0/__overlay__/new", "phandle", {1});
    maker.cells("/fragment@0/__overlay__", "user", {1});
    maker.cells("/__local_fixups__/fragment@0/__overlay__", "user", {0});
    TreeEditor editor(overlay_base());
    REQUIRE(editor.apply_overlay(maker.done().blob(), "local.dtbo"));
    const auto tree = editor.tree();
    CHECK(tree->find("/uart")->u32("phandle") == 1);
    const auto fresh = tree->find("/uart/new")->u32("phandle");
    CHECK(fresh == 3);
    CHECK(tree->find("/uart")->u32("user") == fresh);
  }

  TEST_CASE("a tree that is no overlay is refused") {
    CHECK(overlay_error(overlay_base(), sample_tree()).find("not an overlay") != std::string::npos);
  }
  TEST_CASE("bytes that are no tree are refused") {
    TreeEditor editor(overlay_base());
    const ByteVector junk(100, 1);
    const auto status = editor.apply_overlay(junk, "x.dtbo");
    REQUIRE(!status);
    CHECK(status.error().message.starts_with("x.dtbo: not a usable device tree"));
  }
  TEST_CASE("a base without symbols is named as the cause") {
    CHECK(overlay_error(sample_tree(), labelled_overlay().done()).find("no __symbols__") !=
          std::string::npos);
  }
  TEST_CASE("a label that the base lacks is named") {
    CHECK(overlay_error(overlay_base(), labelled_overlay("spi7").done()).find("\"spi7\"") !=
          std::string::npos);
  }
  TEST_CASE("a target path that the base lacks is named") {
    const DeviceTree overlay = TreeMaker()
                                   .text("/fragment@0", "target-path", "/soc/spi")
                                   .text("/fragment@0/__overlay__", "p", "v")
                                   .done();
    CHECK(overlay_error(overlay_base(), overlay)
              .find("target /soc/spi of /fragment@0 is not in the base tree") != std::string::npos);
  }
  TEST_CASE("a fragment without a target is named") {
    const DeviceTree overlay = TreeMaker().text("/fragment@0/__overlay__", "p", "v").done();
    CHECK(overlay_error(overlay_base(), overlay).find("neither target nor target-path") !=
          std::string::npos);
  }
  TEST_CASE("a target path that is an alias loop is refused") {
    const DeviceTree base = TreeMaker(overlay_base()).text("/aliases", "loop", "loop").done();
    const DeviceTree overlay = TreeMaker()
                                   .text("/fragment@0", "target-path", "loop")
                                   .text("/fragment@0/__overlay__", "p", "v")
                                   .done();
    CHECK(overlay_error(base, overlay).find("not an absolute path") != std::string::npos);
  }
  TEST_CASE("a label whose symbol is an alias loop is refused") {
    const DeviceTree base = TreeMaker(overlay_base())
                                .text("/aliases", "loop", "loop")
                                .text("/__symbols__", "uart", "loop")
                                .done();
    CHECK(overlay_error(base, labelled_overlay().done()).find("is not there") != std::string::npos);
  }
  TEST_CASE("fixups that point outside their property are refused") {
    for (const std::string_view place :
         {"/fragment@0:target:1", "/fragment@0:target:4294967294", "/fragment@0:target:-1",
          "/fragment@0:target:99999999999", "/fragment@0:target:", "/fragment@0:target",
          "/fragment@0:nothing:0", "/fragment@9:target:0", "fragment@0:target:0", ""}) {
      CAPTURE(place);
      TreeMaker maker = labelled_overlay();
      maker.text("/__fixups__", "uart", place);
      CHECK(overlay_error(overlay_base(), maker.done()).find("no phandle fits") !=
            std::string::npos);
    }
  }
  TEST_CASE("local fixups that point outside their property are refused") {
    for (const std::uint32_t offset : {1U, 4U, 0xfffffffeU, 0xffffffffU, 0x7fffffffU}) {
      TreeMaker maker = labelled_overlay();
      maker.cells("/fragment@0/__overlay__", "user", {1});
      maker.cells("/__local_fixups__/fragment@0/__overlay__", "user", {offset});
      CHECK(overlay_error(overlay_base(), maker.done()).find("no phandle fits") !=
            std::string::npos);
    }
    TreeMaker stray = labelled_overlay();
    stray.cells("/__local_fixups__/nothing", "user", {0});
    CHECK(overlay_error(overlay_base(), stray.done()).find("does not have") != std::string::npos);
  }
  TEST_CASE("a damaged overlay is applied or refused, and the tree stays sound") {
    TreeMaker maker = labelled_overlay();
    maker.cells("/fragment@0/__overlay__/new", "phandle", {1});
    maker.cells("/fragment@0/__overlay__", "user", {1});
    maker.cells("/__local_fixups__/fragment@0/__overlay__", "user", {0});
    maker.text("/__symbols__", "fresh", "/fragment@0/__overlay__/new");
    constexpr std::size_t header_bytes = 40;
    const ByteVector sound = bytes_of_tree(maker.done());
    CHECK(rc::check([&sound] {
      ByteVector blob = sound;
      const int changes = *rc::gen::inRange(1, 8);
      for (int i = 0; i < changes; ++i)
        blob[*rc::gen::inRange<std::size_t>(header_bytes, blob.size())] =
            *rc::gen::oneOf(rc::gen::element<std::uint8_t>(0, 1, 0xff, '/', ':'),
                            rc::gen::arbitrary<std::uint8_t>());
      TreeEditor editor(overlay_base());
      (void)editor.apply_overlay(blob, "damaged.dtbo");
      RC_ASSERT(editor.tree().has_value());
    }));
  }
  TEST_CASE("an overlay that replaces a phandle of the base is refused") {
    TreeMaker maker = labelled_overlay();
    maker.cells("/fragment@0/__overlay__", "phandle", {1});
    CHECK(overlay_error(overlay_base(), maker.done()).find("changes the phandle of /uart") !=
          std::string::npos);
  }
}

namespace {

/// The files that /proc/device-tree would have for a node and all below it.
void unflatten(const Node& node, const std::string& path, MapMachine& machine) {
  machine.files[path + "/name"] = std::string(node.name());
  for (const kxf::Property& property : node.properties())
    machine.files[path + "/" + std::string(property.name)] =
        std::string(kxf::text_of(property.value));
  for (const Node& child : node.children())
    unflatten(child, path + "/" + std::string(child.name()), machine);
}

/// Nodes and properties without regard to their order.
std::map<std::string, std::string> contents(const DeviceTree& tree) {
  MapMachine machine;
  unflatten(tree.root(), "", machine);
  return {machine.files.begin(), machine.files.end()};
}

}  // namespace

TEST_SUITE("the tree of a running system") {
  /// Booted with `blob`, shown as `now` in /proc/device-tree.
  void run_on(MapMachine & machine, const DeviceTree& blob, const DeviceTree& now) {
    machine.files["/sys/firmware/fdt"] = std::string(kxf::text_of(blob.blob()));
    unflatten(now.root(), "/proc/device-tree", machine);
  }

  DeviceTree changed(const DeviceTree& tree, const char* path, const char* property) {
    TreeEditor editor(tree);
    REQUIRE(editor.set_u32(path, property, 7));
    return *editor.tree();
  }

  DeviceTree blob_with_reservation() {
    TreeEditor editor(sample_tree());
    REQUIRE(editor.reserve(kxf::Range::sized(0x1000, 0x2000)));
    editor.set_boot_cpu(3);
    return *editor.tree();
  }

  TEST_CASE("is the blob that it was booted with, whatever changed outside of /chosen") {
    const DeviceTree blob = blob_with_reservation();
    MapMachine machine;
    run_on(machine, blob, changed(blob, "/memory@40000000", "overlaid"));
    const auto tree = kxf::running_tree(machine);
    REQUIRE(tree);
    CHECK(std::ranges::equal(tree->blob(), blob.blob()));
  }

  TEST_CASE("is that of now, with the blob's header, once the kernel has added to /chosen") {
    const DeviceTree blob = blob_with_reservation();
    const DeviceTree now =
        changed(changed(blob, "/memory@40000000", "hotplugged"), "/chosen", "linux,made-up-end");
    MapMachine machine;
    run_on(machine, blob, now);
    const auto tree = kxf::running_tree(machine);
    REQUIRE(tree);
    CHECK(contents(*tree) == contents(now));
    CHECK(tree->memory_reservations() == blob.memory_reservations());
    CHECK(tree->boot_cpu() == 3);
  }

  TEST_CASE("has no reservation of the blob itself") {
    const DeviceTree blob = blob_with_reservation();
    TreeEditor editor(blob);
    REQUIRE(editor.reserve(kxf::Range::sized(0x8000, blob.blob().size() + 16)));
    const DeviceTree reserving_itself = *editor.tree();
    REQUIRE(reserving_itself.blob().size() == blob.blob().size() + 16);
    for (const char* const addition : {"", "linux,made-up-end"}) {
      const DeviceTree now = *addition == '\0' ? blob : changed(blob, "/chosen", addition);
      MapMachine machine;
      run_on(machine, reserving_itself, now);
      const auto tree = kxf::running_tree(machine);
      REQUIRE(tree);
      CHECK(tree->memory_reservations() == blob.memory_reservations());
      CHECK(tree->boot_cpu() == 3);
    }
  }

  TEST_CASE("is that of now where nobody may read the blob") {
    const DeviceTree blob = blob_with_reservation();
    MapMachine machine;
    run_on(machine, blob, blob);
    machine.unreadable.insert("/sys/firmware/fdt");
    const auto tree = kxf::running_tree(machine);
    REQUIRE(tree);
    CHECK(contents(*tree) == contents(blob));
    CHECK(tree->memory_reservations().empty());
  }

  TEST_CASE("is not made up where the blob is damaged") {
    const DeviceTree blob = blob_with_reservation();
    MapMachine machine;
    run_on(machine, blob, blob);
    machine.files["/sys/firmware/fdt"].resize(100);
    CHECK_FALSE(kxf::running_tree(machine));
  }
}

TEST_SUITE("flattening") {
  TEST_CASE("a flattened tree has the nodes and properties of the files") {
    const DeviceTree tree = sample_tree();
    MapMachine machine;
    unflatten(tree.root(), "/proc/device-tree", machine);
    const auto blob = kxf::flatten_device_tree(machine);
    REQUIRE(blob);
    const auto flat = DeviceTree::parse(*blob, "flat");
    REQUIRE(flat);
    CHECK(contents(*flat) == contents(tree));
    CHECK(!flat->find("/chosen")->has("name"));
  }

  TEST_CASE("any tree survives being spread over files and flattened") {
    CHECK(rc::check([] {
      TreeMaker maker;
      const int edits = *rc::gen::inRange(0, 30);
      for (int i = 0; i < edits; ++i) {
        std::string path;
        const int depth = *rc::gen::inRange(0, 4);
        for (int level = 0; level < depth; ++level)
          path +=
              *rc::gen::element<std::string>("/a", "/b@10", "/b@9", "/c@1,2", "/memory@80000000");
        maker.cells(
            path.empty() ? "/" : path, *rc::gen::element<std::string>("reg", "#x", "y"),
            *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>()));
      }
      const DeviceTree tree = maker.done();
      MapMachine machine;
      unflatten(tree.root(), "/proc/device-tree", machine);
      const auto blob = kxf::flatten_device_tree(machine);
      RC_ASSERT(blob.has_value());
      const auto flat = DeviceTree::parse(*blob, "flat");
      RC_ASSERT(flat.has_value());
      RC_ASSERT(contents(*flat) == contents(tree));

      // Flattening is canonical: the order of the original does not matter.
      MapMachine again;
      unflatten(flat->root(), "/proc/device-tree", again);
      RC_ASSERT(*kxf::flatten_device_tree(again) == *blob);
    }));
  }

  TEST_CASE("children are in the order of their addresses, properties in that of their names") {
    MapMachine machine;
    for (const char* const name :
         {"memory@100000000", "memory@80000000", "cpu@10", "cpu@9", "pci@1,10", "pci@1,2", "cpu"})
      machine.files[std::string("/proc/device-tree/") + name + "/name"] = "";
    machine.files["/proc/device-tree/zeta"] = "1";
    machine.files["/proc/device-tree/#address-cells"] = "2";
    machine.files["/proc/device-tree/name"] = "";
    const auto blob = kxf::flatten_device_tree(machine);
    REQUIRE(blob);
    const auto tree = DeviceTree::parse(*blob, "flat");
    REQUIRE(tree);
    std::vector<std::string> names;
    for (const Node& node : tree->root().children()) names.emplace_back(node.name());
    CHECK(names == std::vector<std::string>{"cpu", "cpu@9", "cpu@10", "memory@80000000",
                                            "memory@100000000", "pci@1,2", "pci@1,10"});
    std::vector<std::string> properties;
    for (const auto& property : tree->root().properties()) properties.emplace_back(property.name);
    CHECK(properties == std::vector<std::string>{"#address-cells", "zeta"});
  }

  TEST_CASE("an unreadable property is named, a missing tree is said to be missing") {
    MapMachine machine;
    CHECK(kxf::flatten_device_tree(machine).error().message == "/proc/device-tree is not there");
    machine.files["/proc/device-tree/name"] = "";
    machine.files["/proc/device-tree/secret"] = "x";
    machine.unreadable.insert("/proc/device-tree/secret");
    const auto blob = kxf::flatten_device_tree(machine);
    REQUIRE(!blob);
    CHECK(blob.error().message.find("/proc/device-tree/secret") != std::string::npos);
  }

  TEST_CASE("a tree over the size limit is refused") {
    MapMachine machine;
    machine.files["/proc/device-tree/name"] = "";
    for (int i = 0; i < 5; ++i)
      machine.files["/proc/device-tree/p" + std::to_string(i)] = std::string(1U << 20U, 'x');
    CHECK(kxf::flatten_device_tree(machine).error().message.find("does not fit") !=
          std::string::npos);
  }
}

}  // namespace tree_editor_test
