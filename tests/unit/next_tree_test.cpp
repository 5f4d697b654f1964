// SPDX-License-Identifier: Apache-2.0
#include "devicetree/next_tree.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "devicetree/inherit.hpp"
#include "fake_registry.hpp"
#include "map_machine.hpp"
#include "scratch.hpp"

namespace next_tree_test {
namespace {

using kxf::ByteVector;
using kxf::ChosenValues;
using kxf::DeviceTree;
using kxf::Policy;
using kxf::Range;
using kxf::Record;
using kxf::TreeEditor;
using kxf_test::contains;
using kxf_test::decided;
using kxf_test::TreeMaker;

TreeMaker maker_with_cells(std::uint32_t address, std::uint32_t size) {
  TreeMaker tree;
  tree.cells("/", "#address-cells", {address}).cells("/", "#size-cells", {size});
  return tree;
}

/// write_chosen() on a tree.
DeviceTree written(const DeviceTree& tree, const ChosenValues& values, Record& record) {
  TreeEditor editor(tree);
  const auto status = write_chosen(editor, values, record);
  REQUIRE_MESSAGE(status, (status ? "" : status.error().message));
  return editor.tree().value();
}

kxf::Result<DeviceTree> inherited(const DeviceTree& tree, const DeviceTree& running,
                                  const std::vector<std::string>& topics, Record& record) {
  TreeEditor editor(tree);
  KXF_CHECK(inherit_from_running(editor, running, topics, record));
  return editor.tree();
}

const std::vector<std::string>& all_topics() {
  static const std::vector<std::string> topics = Policy{}.tree_inherit.value;
  return topics;
}

/// A running system with one of everything that can be inherited.
DeviceTree running_tree() {
  TreeMaker tree = maker_with_cells(2, 2);
  tree.text("/memory@40000000", "device_type", "memory")
      .cells("/memory@40000000", "reg", {0, 0x40000000, 0, 0x40000000})
      .cells("/memory@40000000", "phandle", {7})
      .cells("/reserved-memory", "#address-cells", {2})
      .cells("/reserved-memory", "#size-cells", {2})
      .flag("/reserved-memory", "ranges")
      .cells("/reserved-memory/secure@50000000", "reg", {0, 0x50000000, 0, 0x1000})
      .flag("/reserved-memory/secure@50000000", "no-map")
      .cells("/uart@1000", "reg", {0, 0x1000, 0, 0x100})
      .text("/chosen", "stdout-path", "/uart@1000:115200")
      .u64("/chosen", "linux,uefi-system-table", 0x7f000000)
      .u64("/chosen", "linux,uefi-mmap-start", 0x7e000000)
      .cells("/chosen", "linux,uefi-mmap-size", {0x300})
      .cells("/chosen", "linux,uefi-mmap-desc-size", {48})
      .cells("/chosen", "linux,uefi-mmap-desc-ver", {1})
      .reserve({0x60000000, 0x60001000});
  return tree.done();
}

}  // namespace

// ---- write_chosen

TEST_CASE("next tree: command line, initrd, reservations and seeds are written") {
  Record record;
  const DeviceTree tree =
      written(kxf_test::empty_tree(),
              {"quiet splash", Range{0x48000000, 0x48001003}, {{0x1000, 0x2000}}}, record);
  const auto chosen = tree.find("/chosen");
  REQUIRE(chosen);
  CHECK(chosen->text("bootargs") == "quiet splash");
  CHECK(chosen->number("linux,initrd-start") == 0x48000000U);
  CHECK(chosen->number("linux,initrd-end") == 0x48001003U);
  CHECK(chosen->has("linux,booted-from-kexec"));
  CHECK(chosen->property("kaslr-seed")->size() == 8);
  CHECK(chosen->property("rng-seed")->size() == 128);
  CHECK(tree.memory_reservations() ==
        std::vector<Range>{{0x48000000, 0x48001003}, {0x1000, 0x2000}});
}

TEST_CASE("next tree: without a command line there are no bootargs, not the old ones") {
  Record record;
  TreeMaker before;
  before.text("/chosen", "bootargs", "of the running kernel");
  const DeviceTree tree = written(before.done(), {"", std::nullopt, {}}, record);
  CHECK_FALSE(tree.find("/chosen")->has("bootargs"));
}

TEST_CASE("next tree: what belongs to the running kernel goes, each with a decision") {
  TreeMaker before;
  const char* const left_overs[] = {
      "linux,elfcorehdr",  "linux,usable-memory-range", "linux,ima-kexec-buffer", "linux,kho-fdt",
      "linux,kho-scratch", "linux,initrd-start",        "linux,initrd-end"};
  for (const char* name : left_overs) before.u64("/chosen", name, 0x1000);
  before.text("/chosen", "stdout-path", "/uart").text("/chosen", "acme,keep", "me");
  Record record;
  const DeviceTree tree = written(before.done(), {"", std::nullopt, {}}, record);
  for (const char* name : left_overs) {
    CAPTURE(name);
    CHECK_FALSE(tree.find("/chosen")->has(name));
    CHECK(decided(record, "device-tree", fmt::format("dropped /chosen/{}", name)) != "");
  }
  CHECK(tree.find("/chosen")->text("stdout-path") == "/uart");
  CHECK(tree.find("/chosen")->text("acme,keep") == "me");
}

TEST_CASE("next tree: seeds are zeros, whatever stood there") {
  TreeMaker before;
  before.u64("/chosen", "kaslr-seed", 0x1122334455667788).u64("/chosen", "rng-seed", ~0ULL);
  Record record;
  const DeviceTree tree = written(before.done(), {"", std::nullopt, {}}, record);
  const auto places = seed_places(tree);
  REQUIRE(places.size() == 2);
  CHECK(places[0].size == kxf::kaslr_seed_bytes);
  CHECK(places[1].size == kxf::rng_seed_bytes);
  for (const kxf::SeedPlace& place : places) {
    const auto seed = tree.blob().subspan(place.offset, place.size);
    CHECK(std::ranges::all_of(seed, [](std::uint8_t byte) { return byte == 0; }));
  }
  CHECK(seed_places(kxf_test::empty_tree()).empty());
}

TEST_CASE("next tree: the old initrd's reservation goes, exact or in whole pages; others stay") {
  const Range initrd{0x48000123, 0x48004567};
  for (const Range& old : {initrd, Range{0x48000000, 0x48005000}, Range{0x48000000, 0x48008000},
                           Range{0x48000000, 0x48010000}}) {
    CAPTURE(kxf::to_text(old));
    TreeMaker before;
    before.u64("/chosen", "linux,initrd-start", initrd.start)
        .u64("/chosen", "linux,initrd-end", initrd.end)
        .reserve(old)
        .reserve({0x48000000, 0x48006000})
        .reserve({0x1000, 0x2000});
    Record record;
    const DeviceTree tree = written(before.done(), {"", std::nullopt, {}}, record);
    CHECK(tree.memory_reservations() ==
          std::vector<Range>{{0x48000000, 0x48006000}, {0x1000, 0x2000}});
    CHECK(decided(record, "device-tree", "dropped 1 memory reservations") != "");
  }
}

TEST_CASE("next tree: the old IMA buffer and core header are not reserved, in any root cells") {
  for (const std::uint32_t address_cells : {1U, 2U})
    for (const std::uint32_t size_cells : {1U, 2U}) {
      TreeMaker before = maker_with_cells(address_cells, size_cells);
      std::vector<std::uint32_t> value;
      if (address_cells == 2) value.push_back(0);
      value.push_back(0x5000);
      if (size_cells == 2) value.push_back(0);
      value.push_back(0x1000);
      before.cells("/chosen", "linux,ima-kexec-buffer", value).reserve({0x5000, 0x6000});
      value[address_cells - 1] = 0x9000;
      before.cells("/chosen", "linux,elfcorehdr", value).reserve({0x9000, 0xa000});
      Record record;
      const DeviceTree tree = written(before.done(), {"", std::nullopt, {}}, record);
      CHECK(tree.memory_reservations().empty());
    }
}

TEST_CASE("next tree: its size does not depend on addresses") {
  CHECK(rc::check([] {
    const auto text = *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'));
    const auto ranges = *rc::gen::inRange<std::size_t>(0, 4);
    const auto at = [&](std::uint64_t start) {
      ChosenValues values{text, Range::sized(start, 4096), {}};
      for (std::size_t i = 0; i < ranges; ++i) values.reserve.push_back(Range::sized(start, 1 + i));
      Record record;
      return written(running_tree(), values, record).blob().size();
    };
    const auto start = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 48U);
    RC_ASSERT(at(start) == at(0x40000000));
  }));
}

// ---- prepare_tree

TEST_CASE("next tree: the running tree by default, none at all is an error") {
  Record record;
  const DeviceTree running = running_tree();
  const auto tree = prepare_tree(Policy{}, &running, record);
  REQUIRE(tree);
  CHECK(tree->find("/uart@1000"));
  CHECK(decided(record, "device-tree") == "the running system's (default)");
  const auto none = prepare_tree(Policy{}, nullptr, record);
  REQUIRE_FALSE(none);
  CHECK(contains(none.error().remedy, "--dtb"));
}

TEST_CASE("next tree: overlays first, then properties are set, then deleted") {
  const kxf_test::Scratch scratch;
  TreeMaker overlay;
  overlay.text("/fragment@0", "target-path", "/")
      .text("/fragment@0/__overlay__", "acme,one", "from the overlay")
      .text("/fragment@0/__overlay__", "acme,two", "from the overlay")
      .text("/fragment@0/__overlay__/lamp", "compatible", "acme,lamp");
  const DeviceTree blob = overlay.done();
  Policy policy;
  policy.tree_overlays = {{scratch.write("a.dtbo", kxf::text_of(blob.blob())).native()}, "p:2:1"};
  policy.tree_set = {{{"/", "acme,one", {'x', 0}}, {"/new/node", "acme,three", {}}}, "p:3:1"};
  policy.tree_delete = {{{"/", "acme,two"}, {"/lamp", ""}, {"/gone", ""}}, "p:4:1"};
  Record record;
  const DeviceTree running = running_tree();
  const auto tree = prepare_tree(policy, &running, record);
  REQUIRE_MESSAGE(tree, (tree ? "" : tree.error().message));
  CHECK(tree->root().text("acme,one") == "x");
  CHECK_FALSE(tree->root().has("acme,two"));
  CHECK_FALSE(tree->find("/lamp"));
  CHECK(tree->find("/new/node")->has("acme,three"));
  CHECK(decided(record, "device-tree", "overlay ") != "");
  CHECK(decided(record, "device-tree", "set / acme,one") == "set / acme,one (p:3:1)");
  CHECK(decided(record, "device-tree", "delete /lamp") == "delete /lamp (p:4:1)");
  CHECK(decided(record, "device-tree", "delete /gone") == "delete /gone (p:4:1 (was not there))");
}

TEST_CASE("next tree: a file that is no tree is refused by name") {
  const kxf_test::Scratch scratch;
  Policy policy;
  policy.tree_source = {scratch.write("board.dtb", "no tree at all").native(), "--dtb"};
  Record record;
  const auto tree = prepare_tree(policy, nullptr, record);
  REQUIRE_FALSE(tree);
  CHECK(contains(tree.error().message, "device tree: " + policy.tree_source.value));
  policy.tree_source.value = (scratch.path() / "none.dtb").native();
  CHECK(contains(prepare_tree(policy, nullptr, record).error().message, "cannot open"));
}

TEST_CASE("next tree: a file without a running tree is taken as it is") {
  const kxf_test::Scratch scratch;
  TreeMaker board;
  board.text("/", "model", "board");
  Policy policy;
  const DeviceTree blob = board.done();
  policy.tree_source = {scratch.write("board.dtb", kxf::text_of(blob.blob())).native(), "--dtb"};
  Record record;
  const auto tree = prepare_tree(policy, nullptr, record);
  REQUIRE(tree);
  CHECK(tree->model() == "board");
  CHECK(std::ranges::equal(tree->blob(), blob.blob()));
}

TEST_CASE("next tree: the image's own comes before the running one, unless the policy names one") {
  TreeMaker overlay;
  overlay.text("/fragment@0", "target-path", "/")
      .text("/fragment@0/__overlay__", "acme,one", "from the overlay");
  const auto blob_of = [](const DeviceTree& tree) {
    return kxf::Blob(kxf::ByteVector(tree.blob().begin(), tree.blob().end()));
  };
  const kxf::CarriedTree carried{
      blob_of(maker_with_cells(2, 2).text("/", "model", "carried").done()),
      {blob_of(overlay.done())}};
  Record record;
  const DeviceTree running = running_tree();
  Policy policy;
  policy.tree_set = {{{"/", "acme,two", {'x', 0}}}, "p:3:1"};
  auto tree = prepare_tree(policy, &running, record, &carried);
  REQUIRE_MESSAGE(tree, (tree ? "" : tree.error().message));
  CHECK(tree->model() == "carried");
  CHECK(tree->root().text("acme,one") == "from the overlay");
  CHECK(tree->root().text("acme,two") == "x");
  CHECK(decided(record, "device-tree", "the image's own") ==
        "the image's own (neither the profile nor a flag names one)");
  CHECK(decided(record, "device-tree", "overlay 1 of 1 in the image") != "");
  CHECK(decided(record, "device-tree", "memory nodes of the running system") != "");
  CHECK(prepare_tree(policy, nullptr, record, &carried));

  policy.tree_source.origin = "p:2:1";
  record = {};
  tree = prepare_tree(policy, &running, record, &carried);
  REQUIRE(tree);
  CHECK(tree->find("/uart@1000"));
  CHECK(decided(record, "device-tree", "not the image's own") == "not the image's own (p:2:1)");
}

TEST_CASE("next tree: a pin holds for a file and for the image's own, never for the running one") {
  const kxf_test::Scratch scratch;
  const DeviceTree running = running_tree();
  const std::string file = scratch.write("board.dtb", kxf::text_of(running.blob())).native();
  Policy policy;
  policy.tree_sha256 = {std::string(64, '0'), "p:2:1"};
  Record record;
  const auto refusal = [&](const kxf::CarriedTree* carried) {
    const auto tree = prepare_tree(policy, &running, record, carried);
    return tree ? std::string() : tree.error().message;
  };
  CHECK(contains(refusal(nullptr), "p:2:1 pins a tree from a file or an image"));
  const kxf::CarriedTree carried{
      kxf::Blob(kxf::ByteVector(running.blob().begin(), running.blob().end())), {}};
  CHECK(contains(refusal(&carried), "device tree: the image's own: its SHA-256 is "));
  policy.tree_source = {file, "--dtb"};
  CHECK(contains(refusal(nullptr), "and p:2:1 pins it to 0000"));
  const std::string message = refusal(nullptr);
  const std::size_t digest = message.find("its SHA-256 is ") + 15;
  policy.tree_sha256.value = message.substr(digest, 64);
  CHECK(refusal(nullptr).empty());
}

// ---- inherit_from_running

TEST_CASE("inherit: a bare tree gets all of it, and each is a decision") {
  Record record;
  const DeviceTree running = running_tree();
  TreeMaker bare = maker_with_cells(2, 2);
  bare.cells("/uart@1000", "reg", {0, 0x1000, 0, 0x100});
  const auto tree = inherited(bare.done(), running, all_topics(), record);
  REQUIRE(tree);
  const auto memory = tree->find("/memory@40000000");
  REQUIRE(memory);
  CHECK(memory->reg().value() == std::vector<Range>{{0x40000000, 0x80000000}});
  CHECK(memory->text("device_type") == "memory");
  CHECK_FALSE(memory->has("phandle"));  // it may be taken in this tree
  CHECK(tree->find("/reserved-memory/secure@50000000")->has("no-map"));
  CHECK(tree->find("/reserved-memory/secure@50000000")->physical_reg().value() ==
        std::vector<Range>{{0x50000000, 0x50001000}});
  CHECK(tree->memory_reservations() == std::vector<Range>{{0x60000000, 0x60001000}});
  const auto chosen = tree->find("/chosen");
  CHECK(chosen->number("linux,uefi-system-table") == 0x7f000000U);
  CHECK(chosen->u32("linux,uefi-mmap-desc-ver") == 1U);
  CHECK(chosen->text("stdout-path") == "/uart@1000:115200");
  CHECK(record.decisions().size() == 5);
}

TEST_CASE("inherit: only the topics that were asked for") {
  const DeviceTree running = running_tree();
  const DeviceTree bare = maker_with_cells(2, 2).done();
  for (const std::string& topic : all_topics()) {
    CAPTURE(topic);
    Record record;
    const auto tree = inherited(bare, running, {topic}, record);
    REQUIRE(tree);
    CHECK(tree->find("/memory@40000000").has_value() == (topic == "memory"));
    CHECK(tree->find("/reserved-memory").has_value() == (topic == "reserved-memory"));
    CHECK(tree->memory_reservations().empty() == (topic != "memreserve"));
    CHECK(tree->find("/chosen").has_value() == (topic == "uefi"));
  }
  Record record;
  CHECK(std::ranges::equal(inherited(bare, running, {}, record)->blob(), bare.blob()));
}

TEST_CASE("inherit: what the tree has itself is left alone") {
  TreeMaker own = maker_with_cells(2, 2);
  own.text("/memory@0", "device_type", "memory")
      .cells("/memory@0", "reg", {0, 0, 0, 0x1000})
      .flag("/reserved-memory", "ranges")
      .text("/chosen", "stdout-path", "/other")
      .u64("/chosen", "linux,uefi-system-table", 1)
      .cells("/uart@1000", "reg", {0, 0x1000, 0, 0x100})
      .reserve({0x60000000, 0x60001000});
  const DeviceTree before = own.done();
  Record record;
  const auto tree = inherited(before, running_tree(), all_topics(), record);
  REQUIRE(tree);
  CHECK(std::ranges::equal(tree->blob(), before.blob()));
  CHECK(record.decisions().empty());
}

TEST_CASE("inherit: stdout-path only when the device is in the new tree, too") {
  Record record;
  const auto tree =
      inherited(maker_with_cells(2, 2).done(), running_tree(), {"stdout-path"}, record);
  REQUIRE(tree);
  CHECK_FALSE(tree->find("/chosen"));
}

TEST_CASE("inherit: memory is written in the new tree's cells, or refused when it does not fit") {
  Record record;
  const auto narrow = inherited(maker_with_cells(1, 1).done(), running_tree(), {"memory"}, record);
  REQUIRE(narrow);
  CHECK(narrow->find("/memory@40000000")->reg().value() ==
        std::vector<Range>{{0x40000000, 0x80000000}});
  CHECK(narrow->find("/memory@40000000")->property("reg")->size() == 8);
  const auto wide = inherited(maker_with_cells(3, 2).done(), running_tree(), {"memory"}, record);
  REQUIRE(wide);
  CHECK(wide->find("/memory@40000000")->property("reg")->size() == 20);

  TreeMaker high = maker_with_cells(2, 2);
  high.text("/memory@1", "device_type", "memory").cells("/memory@1", "reg", {1, 0, 0, 0x1000});
  const auto refused = inherited(maker_with_cells(1, 1).done(), high.done(), {"memory"}, record);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "0x100000000-0x100000fff"));
  CHECK_FALSE(refused.error().remedy.empty());
}

TEST_CASE("inherit: reserved memory in other cells than the root's is refused, not misread") {
  Record record;
  const auto refused =
      inherited(maker_with_cells(1, 1).done(), running_tree(), {"reserved-memory"}, record);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().remedy, "device-tree.inherit"));
}

}  // namespace next_tree_test
