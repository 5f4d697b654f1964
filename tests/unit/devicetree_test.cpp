// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <functional>

#include "kxf/cpu.hpp"
#include "kxf/device_tree.hpp"
#include "map_machine.hpp"

namespace devicetree_test {

using kxf::ByteVector;
using kxf::DeviceTree;
using kxf::Endian;
using kxf::Node;
using kxf::Range;
using kxf::TreeEditor;
using kxf_test::bytes_of_tree;
using kxf_test::empty_tree;
using kxf_test::sample_tree;
using kxf_test::TreeMaker;

namespace {

// Offsets into the header of a blob.
constexpr std::size_t at_magic = 0;
constexpr std::size_t at_total_size = 4;
constexpr std::size_t at_structure = 8;
constexpr std::size_t at_strings = 12;
constexpr std::size_t at_reservations = 16;
constexpr std::size_t at_version = 20;
constexpr std::size_t at_strings_size = 32;
constexpr std::size_t at_structure_size = 36;

std::uint32_t get(const ByteVector& blob, std::size_t offset) {
  return *kxf::Bytes(blob, Endian::big).read<std::uint32_t>(offset);
}
void put(ByteVector& blob, std::size_t offset, std::uint32_t value) {
  kxf::store(std::span<std::uint8_t>(blob), offset, value, Endian::big);
}

/// Parse a damaged copy of the sample; the message must name the defect.
void check_refused(const std::function<void(ByteVector&)>& damage, std::string_view defect) {
  ByteVector blob = bytes_of_tree(sample_tree());
  damage(blob);
  // A heap block of exactly this size, so that the address sanitizer sees each byte too many.
  const ByteVector exact(blob);
  const auto tree = DeviceTree::parse(exact, "board.dtb");
  REQUIRE(!tree);
  CAPTURE(tree.error().message);
  CHECK(tree.error().message.starts_with("board.dtb: "));
  CHECK(tree.error().message.find(defect) != std::string::npos);
  CHECK(!tree.error().remedy.empty());
  CHECK(tree.error().fault == kxf::Fault::refused);
}

/// The offset of the first property whose value is `text`: that of its FDT_PROP token.
std::size_t property_with(const ByteVector& blob, std::string_view text) {
  const std::string_view all = kxf::text_of(blob);
  return all.find(text) - 12;
}

}  // namespace

TEST_SUITE("device tree blobs") {
  TEST_CASE("padding and an unusual order of blocks do not change the parsed tree") {
    const DeviceTree tree = sample_tree();
    ByteVector padded = bytes_of_tree(tree);
    padded.resize(1U << 20U);
    put(padded, at_total_size, 1U << 20U);
    const auto parsed = DeviceTree::parse(padded, "padded");
    REQUIRE(parsed);
    CHECK(std::ranges::equal(parsed->blob(), tree.blob()));

    // Strings before structure, with gaps.
    const std::size_t structure = get(padded, at_structure);
    const std::size_t structure_size = get(padded, at_structure_size);
    const std::size_t strings = get(padded, at_strings);
    const std::size_t strings_size = get(padded, at_strings_size);
    ByteVector turned(padded.begin(), padded.begin() + static_cast<std::ptrdiff_t>(structure));
    turned.resize(8192);
    std::copy_n(padded.begin() + static_cast<std::ptrdiff_t>(strings), strings_size,
                turned.begin() + 1024);
    std::copy_n(padded.begin() + static_cast<std::ptrdiff_t>(structure), structure_size,
                turned.begin() + 4096);
    put(turned, at_total_size, 8192);
    put(turned, at_strings, 1024);
    put(turned, at_structure, 4096);
    const auto from_turned = DeviceTree::parse(turned, "turned");
    REQUIRE(from_turned);
    CHECK(std::ranges::equal(from_turned->blob(), tree.blob()));
  }

  TEST_CASE("parsing what was parsed gives the same bytes") {
    const DeviceTree tree = sample_tree();
    const auto again = DeviceTree::parse(tree.blob(), "again");
    REQUIRE(again);
    CHECK(std::ranges::equal(again->blob(), tree.blob()));
  }

  TEST_CASE("a version 16 blob, which has no structure size, is read") {
    ByteVector blob = bytes_of_tree(sample_tree());
    put(blob, at_version, 16);
    put(blob, at_structure_size, 0xffffffff);
    const auto tree = DeviceTree::parse(blob, "old");
    REQUIRE(tree);
    CHECK(std::ranges::equal(tree->blob(), sample_tree().blob()));
  }

  TEST_CASE("bytes behind the total size are ignored") {
    ByteVector blob = bytes_of_tree(sample_tree());
    blob.resize(blob.size() + 1000, 0xaa);
    CHECK(DeviceTree::parse(blob, "with a tail"));
  }

  TEST_CASE("reservations and boot cpu survive parsing") {
    TreeEditor editor(sample_tree());
    editor.set_boot_cpu(0x80000001);
    const auto tree = editor.tree();
    REQUIRE(tree);
    CHECK(tree->boot_cpu() == 0x80000001);
    CHECK(tree->memory_reservations() == std::vector<Range>{{0x1000, 0x3000}});
  }

  TEST_CASE("an empty file is refused") {
    check_refused([](ByteVector& blob) { blob.clear(); }, "too short");
  }
  TEST_CASE("a file of four bytes is refused") {
    check_refused([](ByteVector& blob) { blob.resize(4); }, "too short");
  }
  TEST_CASE("a wrong magic is refused and shown") {
    check_refused([](ByteVector& blob) { put(blob, at_magic, 0x7f454c46); }, "0x7f454c46");
  }
  TEST_CASE("a truncated blob is refused with both sizes") {
    check_refused([](ByteVector& blob) { blob.pop_back(); }, "truncated");
  }
  TEST_CASE("a total size below the header is refused") {
    check_refused([](ByteVector& blob) { put(blob, at_total_size, 39); }, "less than its own");
  }
  TEST_CASE("an unknown version is refused") {
    check_refused([](ByteVector& blob) { put(blob, at_version, 3); }, "version 3");
  }
  TEST_CASE("a reservation block that starts outside is refused") {
    check_refused([](ByteVector& blob) { put(blob, at_reservations, 0xfffffff8); },
                  "memory reservation block");
  }
  TEST_CASE("a reservation block without an end is refused") {
    check_refused(
        [](ByteVector& blob) {
          // Behind the last zero pair of the block there is none up to the end of the strings.
          const std::size_t start = (blob.size() - 24) / 8 * 8;
          std::fill(blob.begin() + static_cast<std::ptrdiff_t>(start), blob.end(), 1);
          put(blob, at_reservations, static_cast<std::uint32_t>(start));
        },
        "has no end");
  }
  TEST_CASE("blocks inside the header are refused") {
    check_refused([](ByteVector& blob) { put(blob, at_reservations, 0); }, "inside the header");
    check_refused([](ByteVector& blob) { put(blob, at_structure, 8); }, "inside the header");
  }
  TEST_CASE("misaligned blocks are refused") {
    check_refused([](ByteVector& blob) { put(blob, at_structure, get(blob, at_structure) + 2); },
                  "not aligned");
  }
  TEST_CASE("a structure block that leaves the blob is refused") {
    check_refused([](ByteVector& blob) { put(blob, at_structure_size, 0x7fffffff); },
                  "structure block");
    check_refused([](ByteVector& blob) { put(blob, at_structure, 0xfffffffc); }, "structure block");
  }
  TEST_CASE("a strings block that leaves the blob is refused") {
    check_refused([](ByteVector& blob) { put(blob, at_strings_size, 0xffffffff); },
                  "strings block");
  }
  TEST_CASE("a property length that overflows 32 bits is refused") {
    for (const std::uint32_t length : {0xffffffffU, 0xfffffffcU, 0xfffffff0U, 0x7fffffffU})
      check_refused(
          [length](ByteVector& blob) { put(blob, property_with(blob, "quiet") + 4, length); },
          "claims");
  }
  TEST_CASE("a property name outside the strings is refused") {
    check_refused([](ByteVector& blob) { put(blob, property_with(blob, "quiet") + 8, 0xfffffff0); },
                  "strings block");
  }
  TEST_CASE("a property name without a terminator is refused") {
    check_refused(
        [](ByteVector& blob) { put(blob, at_strings_size, get(blob, at_strings_size) - 1); },
        "where there is none");
  }
  TEST_CASE("a node name without a terminator is refused") {
    check_refused(
        [](ByteVector& blob) {
          const std::size_t start = get(blob, at_structure) + 4;
          std::fill(blob.begin() + static_cast<std::ptrdiff_t>(start),
                    blob.begin() + get(blob, at_strings), 'a');
        },
        "has no end");
  }
  TEST_CASE("an unknown token is refused with its offset") {
    check_refused([](ByteVector& blob) { put(blob, get(blob, at_structure), 7); },
                  "unknown token 0x7 at 0x0");
  }
  TEST_CASE("a structure block that stops inside a node is refused") {
    check_refused([](ByteVector& blob) { put(blob, get(blob, at_strings) - 8, 9); },
                  "inside a node");
    check_refused(
        [](ByteVector& blob) { put(blob, at_structure_size, get(blob, at_structure_size) - 4); },
        "without an end");
  }
  TEST_CASE("a tree that is nested too deep is refused") {
    ByteVector blob(1U << 16U);
    REQUIRE(fdt_create(blob.data(), 1 << 16) == 0);
    REQUIRE(fdt_finish_reservemap(blob.data()) == 0);
    for (int i = 0; i < 65; ++i) REQUIRE(fdt_begin_node(blob.data(), i == 0 ? "" : "n") == 0);
    for (int i = 0; i < 65; ++i) REQUIRE(fdt_end_node(blob.data()) == 0);
    REQUIRE(fdt_finish(blob.data()) == 0);
    const auto tree = DeviceTree::parse(blob, "deep");
    REQUIRE(!tree);
    CHECK(tree.error().message.find("nested deeper than 64") != std::string::npos);
  }
  TEST_CASE("the size limit counts without padding") {
    TreeEditor editor(empty_tree());
    REQUIRE(editor.set("/", "filler", ByteVector(DeviceTree::max_size_bytes - 4096)));
    const auto fits = editor.tree();
    REQUIRE(fits);
    ByteVector padded = bytes_of_tree(*fits);
    padded.resize(3U << 20U);
    put(padded, at_total_size, 3U << 20U);
    CHECK(DeviceTree::parse(padded, "padded"));
    REQUIRE(editor.set("/", "more", ByteVector(8192)));
    const auto too_large = editor.tree();
    REQUIRE(!too_large);
    CHECK(too_large.error().message.find("2 MiB is the limit") != std::string::npos);
  }

  TEST_CASE("damaged bytes never lead outside the blob") {
    const ByteVector sound = bytes_of_tree(sample_tree());
    CHECK(rc::check([&sound] {
      ByteVector blob = sound;
      const int changes = *rc::gen::inRange(1, 6);
      for (int i = 0; i < changes; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, blob.size() / 4) * 4;
        put(blob, at,
            *rc::gen::oneOf(rc::gen::arbitrary<std::uint32_t>(),
                            rc::gen::element<std::uint32_t>(0, 1, 2, 3, 4, 9, 0xffffffff,
                                                            0x7fffffff, 0x80000000)));
      }
      const auto tree = DeviceTree::parse(blob, "damaged");
      if (!tree) return;
      // What was accepted can be read whole.
      std::size_t nodes = 0;
      const std::function<void(const Node&)> visit = [&](const Node& node) {
        ++nodes;
        (void)node.path();
        (void)node.reg();
        (void)node.physical_reg();
        (void)node.texts("compatible");
        for (const Node& child : node.children()) visit(child);
      };
      visit(tree->root());
      (void)tree->memory_reservations();
      (void)tree->find("serial0");
      (void)cpu_nodes(*tree);
      RC_ASSERT(nodes >= 1U);
    }));
  }
}

TEST_SUITE("device tree nodes") {
  TEST_CASE("nodes are found by path and by alias") {
    const DeviceTree tree = sample_tree();
    REQUIRE(tree.find("/soc/serial@9000000"));
    CHECK(tree.find("serial0")->path() == "/soc/serial@9000000");
    CHECK(tree.find("/soc/serial@9000000")->parent()->path() == "/soc");
    CHECK(tree.root().path() == "/");
    CHECK(!tree.root().parent());
    CHECK(!tree.find("/nothing"));
    CHECK(!tree.find("serial1"));
    CHECK(!tree.find(""));
    CHECK(tree.board() == std::vector<std::string_view>{"acme,board"});
    CHECK(tree.compatible_with("arm,pl011").size() == 1);
    CHECK(tree.model().empty());
  }

  TEST_CASE("an alias that names itself leads nowhere") {
    const DeviceTree tree = TreeMaker()
                                .text("/aliases", "loop", "loop")
                                .text("/aliases", "a", "b")
                                .text("/aliases", "b", "a")
                                .done();
    CHECK(!tree.find("loop"));
    CHECK(!tree.find("a/child"));
  }

  TEST_CASE("a node keeps its tree alive") {
    std::optional<Node> node;
    { node = sample_tree().find("/chosen"); }
    REQUIRE(node);
    CHECK(node->text("bootargs") == "quiet");
  }

  TEST_CASE("strings without a terminator are no strings") {
    TreeEditor editor(empty_tree());
    REQUIRE(editor.set("/", "open", kxf::bytes_of("abc")));
    REQUIRE(editor.set("/", "list", kxf::bytes_of(std::string_view("a\0\0b\0", 5))));
    REQUIRE(editor.set("/", "none", {}));
    const auto tree = editor.tree();
    REQUIRE(tree);
    const Node root = tree->root();
    CHECK(!root.text("open"));
    CHECK(root.texts("open").empty());
    CHECK(root.text("list") == "a");
    CHECK(root.texts("list") == std::vector<std::string_view>{"a", "", "b"});
    CHECK(!root.text("none"));
    CHECK(root.property("none")->empty());
    CHECK(!root.property("absent"));
  }

  TEST_CASE("numbers have the length that they are asked for") {
    const DeviceTree tree = TreeMaker()
                                .cells("/", "one", {7})
                                .cells("/", "two", {1, 2})
                                .cells("/", "three", {1, 2, 3})
                                .done();
    CHECK(tree.root().u32("one") == 7);
    CHECK(!tree.root().u32("two"));
    CHECK(tree.root().number("one") == 7);
    CHECK(tree.root().number("two") == 0x100000002);
    CHECK(!tree.root().number("three"));
  }

  TEST_CASE("reg is read with every cell count from 0 to 3") {
    CHECK(rc::check([] {
      const auto address_cells = *rc::gen::inRange<std::uint32_t>(1, 4);
      const auto size_cells = *rc::gen::inRange<std::uint32_t>(0, 4);
      const auto count = *rc::gen::inRange<std::size_t>(0, 5);
      std::vector<std::uint32_t> values;
      std::vector<Range> expected;
      const auto number = [&values](std::uint32_t width, std::uint64_t value) {
        for (std::uint32_t i = width; i-- > 0;)
          values.push_back(i > 1 ? 0 : static_cast<std::uint32_t>(value >> (32 * i)));
      };
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t start = address_cells == 1
                                        ? std::uint64_t{*rc::gen::arbitrary<std::uint32_t>()}
                                        : *rc::gen::arbitrary<std::uint64_t>() / 2;
        const std::uint64_t size = size_cells == 0 ? 0
                                   : size_cells == 1
                                       ? std::uint64_t{*rc::gen::arbitrary<std::uint32_t>()}
                                       : *rc::gen::arbitrary<std::uint64_t>() / 2;
        number(address_cells, start);
        number(size_cells, size);
        expected.push_back({start, start + size});
      }
      const DeviceTree tree = TreeMaker()
                                  .cells("/bus", "#address-cells", {address_cells})
                                  .cells("/bus", "#size-cells", {size_cells})
                                  .cells("/bus/node", "reg", values)
                                  .done();
      const auto reg = tree.find("/bus/node")->reg();
      RC_ASSERT(reg.has_value());
      RC_ASSERT(*reg == expected);
    }));
  }

  TEST_CASE("ranges that are written are read again, with every cell count that holds them") {
    CHECK(rc::check([] {
      const auto address_cells = *rc::gen::inRange(1U, 6U);
      const auto size_cells = *rc::gen::inRange(1U, 6U);
      const auto number = [](unsigned cells) {
        const auto any = *rc::gen::arbitrary<std::uint64_t>();
        return any >> (cells == 1 ? *rc::gen::inRange(32U, 64U) : *rc::gen::inRange(1U, 64U));
      };
      std::vector<Range> ranges;
      for (auto left = *rc::gen::inRange(1U, 5U); left > 0; --left)
        ranges.push_back(Range::sized(number(address_cells), number(size_cells)));
      const auto value = kxf::encode_ranges(ranges, address_cells, size_cells);
      RC_ASSERT(value.has_value());
      RC_ASSERT(value->size() == 4 * ranges.size() * (address_cells + size_cells));
      TreeEditor editor(TreeMaker()
                            .cells("/bus", "#address-cells", {address_cells})
                            .cells("/bus", "#size-cells", {size_cells})
                            .done());
      RC_ASSERT(editor.set("/bus/node", "reg", *value).has_value());
      const auto reg = editor.tree()->find("/bus/node")->reg();
      RC_ASSERT(reg.has_value());
      RC_ASSERT(*reg == ranges);
    }));
  }

  TEST_CASE("a number that does not fit its cells is not written") {
    ByteVector out{0xaa};
    CHECK(kxf::append_cells(out, 0x100000000, 1).error().message ==
          "0x100000000 does not fit one cell of 32 bits");
    CHECK(kxf::append_cells(out, 1, 0).error().message == "0x1 has no cell at all");
    CHECK(!kxf::append_cells(out, 0, 0x40000000));
    CHECK(out == ByteVector{0xaa});
    CHECK(kxf::append_cells(out, 0, 0).has_value());
    CHECK(kxf::append_cells(out, 0x123456789, 3).has_value());
    CHECK(out == ByteVector{0xaa, 0, 0, 0, 0, 0, 0, 0, 1, 0x23, 0x45, 0x67, 0x89});
    const Range high{0x100000000, 0x100001000};
    CHECK(kxf::encode_ranges({&high, 1}, 1, 2).error().message ==
          "the address of 0x100000000-0x100000fff: 0x100000000 does not fit one cell of 32 bits");
    CHECK(!kxf::encode_ranges({&high, 1}, 1, 2).error().remedy.empty());
    const Range large{0, 0x200000000};
    CHECK(kxf::encode_ranges({&large, 1}, 2, 1).error().message ==
          "the size of 0x0-0x1ffffffff: 0x200000000 does not fit one cell of 32 bits");
  }

  TEST_CASE("missing cell counts are two and one") {
    const DeviceTree tree = TreeMaker().cells("/bus/node", "reg", {1, 0, 0x1000}).done();
    CHECK(tree.find("/bus/node")->reg() == std::vector<Range>{{0x100000000, 0x100001000}});
  }

  TEST_CASE("huge and malformed cell counts are refused, not followed") {
    for (const std::uint32_t count : {0xffffffffU, 0x80000000U, 0x40000000U, 5U}) {
      const DeviceTree tree = TreeMaker()
                                  .cells("/bus", "#address-cells", {count})
                                  .cells("/bus", "#size-cells", {count})
                                  .cells("/bus/node", "reg", {1, 2, 3, 4})
                                  .done();
      CHECK(!tree.find("/bus/node")->reg());
    }
    const DeviceTree malformed = TreeMaker()
                                     .cells("/bus", "#address-cells", {1, 2})
                                     .cells("/bus/node", "reg", {1, 2, 3})
                                     .done();
    CHECK(!malformed.find("/bus/node")->reg());
    const DeviceTree none = TreeMaker()
                                .cells("/bus", "#address-cells", {0})
                                .cells("/bus", "#size-cells", {0})
                                .cells("/bus/node", "reg", {1})
                                .done();
    CHECK(!none.find("/bus/node")->reg());
  }

  TEST_CASE("numbers and ends beyond 64 bits are refused") {
    const auto reg_of = [](const std::vector<std::uint32_t>& values) {
      return TreeMaker()
          .cells("/bus", "#address-cells", {3})
          .cells("/bus", "#size-cells", {2})
          .cells("/bus/node", "reg", values)
          .done()
          .find("/bus/node")
          ->reg();
    };
    CHECK(reg_of({0, 1, 2, 0, 3}) == std::vector<Range>{{0x100000002, 0x100000005}});
    CHECK(!reg_of({1, 0, 0, 0, 1}));
    CHECK(!reg_of({0, 0xffffffff, 0xfffff000, 0, 0x2000}));
    CHECK(reg_of({0, 0xffffffff, 0xfffff000, 0, 0x1000}) ==
          std::vector<Range>{{0xfffffffffffff000, UINT64_MAX}});
    CHECK(!reg_of({0, 1, 2, 0}));
  }

  TEST_CASE("addresses are translated through the ranges of every bus above") {
    TreeMaker maker;
    maker.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
    maker.cells("/soc", "#address-cells", {1}).cells("/soc", "#size-cells", {1});
    maker.cells("/soc", "ranges",
                {0x7e000000, 0, 0xfe000000, 0x1800000,  //
                 0x40000000, 4, 0xff800000, 0x800000});
    maker.flag("/soc/bus", "ranges");
    maker.cells("/soc/bus", "#address-cells", {1}).cells("/soc/bus", "#size-cells", {1});
    maker.cells("/soc/bus/serial@7e215040", "reg", {0x7e215040, 0x40});
    maker.cells("/soc/bus/local@40000000", "reg", {0x40000000, 0x100});
    maker.cells("/soc/bus/over@7f7ff000", "reg", {0x7f7ff000, 0x2000});
    maker.cells("/soc/bus/out@1000", "reg", {0x1000, 0x1000});
    maker.cells("/closed", "#address-cells", {1}).cells("/closed", "#size-cells", {0});
    maker.cells("/closed/chip@20", "reg", {0x20});
    const DeviceTree tree = maker.done();
    CHECK(tree.find("/soc/bus/serial@7e215040")->physical_reg() ==
          std::vector<Range>{{0xfe215040, 0xfe215080}});
    CHECK(tree.find("/soc/bus/local@40000000")->physical_reg() ==
          std::vector<Range>{{0x4ff800000, 0x4ff800100}});
    CHECK(tree.find("/soc/bus/over@7f7ff000")->physical_reg().error().message ==
          "ranges of /soc does not map 0x7f7ff000-0x7f800fff");
    CHECK(!tree.find("/soc/bus/out@1000")->physical_reg());
    CHECK(tree.find("/closed/chip@20")->physical_reg().error().message.find("has no ranges") !=
          std::string::npos);
  }

  TEST_CASE("status decides whether a node is enabled") {
    const DeviceTree tree = TreeMaker()
                                .text("/a", "status", "okay")
                                .text("/b", "status", "ok")
                                .text("/c", "status", "disabled")
                                .flag("/d", "status")
                                .flag("/e", "nothing")
                                .done();
    CHECK(tree.find("/a")->is_enabled());
    CHECK(tree.find("/b")->is_enabled());
    CHECK(!tree.find("/c")->is_enabled());
    CHECK(!tree.find("/d")->is_enabled());
    CHECK(tree.find("/e")->is_enabled());
  }

  TEST_CASE("CPUs are read with their ids, methods and addresses") {
    TreeMaker maker;
    maker.cells("/cpus", "#address-cells", {2}).cells("/cpus", "#size-cells", {0});
    maker.text("/cpus", "enable-method", "psci");
    maker.flag("/cpus/cpu-map", "x");
    maker.cells("/cpus/cpu@200000000", "reg", {2, 0}).text("/cpus/cpu@200000000", "status", "fail");
    maker.cells("/cpus/cpu@100000001", "reg", {1, 1});
    maker.text("/cpus/cpu@100000001", "enable-method", "spin-table");
    maker.u64("/cpus/cpu@100000001", "cpu-release-addr", 0xd8);
    maker.cells("/cpus/cpu@100000001", "cpu-return-addr", {0x1000});
    maker.cells("/cpus/cpu@0", "reg", {0, 0}).text("/cpus/cpu@0", "device_type", "cpu");
    maker.text("/cpus/cpu@0", "status", "disabled");
    maker.text("/cpus/cpu@9", "device_type", "cpu");
    const auto cpus = cpu_nodes(maker.done());
    REQUIRE(cpus.size() == 2);  // not the broken one, not the one without a reg
    const bool first_is_zero = cpus[0].hardware_id == 0;
    const auto& zero = cpus[first_is_zero ? 0 : 1];
    const auto& other = cpus[first_is_zero ? 1 : 0];
    CHECK(zero.hardware_id == 0);
    CHECK(zero.enable_method == "psci");
    CHECK(!zero.release_address);
    CHECK(other.hardware_id == 0x100000001);
    CHECK(other.path == "/cpus/cpu@100000001");
    CHECK(other.enable_method == "spin-table");
    CHECK(other.release_address == 0xd8);
    CHECK(other.return_address == 0x1000);
    CHECK(cpu_nodes(empty_tree()).empty());
  }
}

}  // namespace devicetree_test
