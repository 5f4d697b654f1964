// SPDX-License-Identifier: Apache-2.0
#include "ppc64/drconf.hpp"

#include "ppc64_blocks.hpp"

namespace ppc64_drconf_test {
namespace {

using kxf::Range;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

constexpr std::string_view node = kxf::ppc64::drconf_path;

kxf::Result<std::optional<kxf::ppc64::DynamicMemory>> read(const TreeMaker& tree) {
  return kxf::ppc64::dynamic_memory(tree.done());
}

std::vector<Range> ram_of(const TreeMaker& tree) {
  const auto memory = value_of(read(tree));
  REQUIRE(memory.has_value());
  return memory->ram;
}

const std::vector<Run> sample{{0, 2, reserved},
                              {4, 4, assigned},
                              {8, 1, assigned | hot_removable},
                              {9, 1, 0},
                              {10, 2, assigned | reserved},
                              {16, 1, assigned}};
const std::vector<Range> sample_ram{{4 * block, 9 * block}, {16 * block, 17 * block}};

}  // namespace

TEST_CASE("blocks that are assigned and not reserved are RAM, in both encodings") {
  CHECK(ram_of(with_blocks().cells(node, "ibm,dynamic-memory", version_1(sample))) == sample_ram);
  CHECK(ram_of(with_blocks().cells(node, "ibm,dynamic-memory-v2", version_2(sample))) ==
        sample_ram);
  const auto memory =
      value_of(read(with_blocks().cells(node, "ibm,dynamic-memory-v2", version_2(sample))));
  CHECK(memory->blocks == 11);
  CHECK(memory->assigned == 6);
  CHECK(memory->encoding == "ibm,dynamic-memory-v2");
}

TEST_CASE("addresses of blocks have as many cells as the root says") {
  for (const unsigned cells : {1U, 3U}) {
    CAPTURE(cells);
    const std::vector<Run> runs{{1, 2, assigned}};
    const std::vector<Range> wanted{{block, 3 * block}};
    CHECK(ram_of(with_blocks(block, cells)
                     .cells(node, "ibm,dynamic-memory", version_1(runs, cells))) == wanted);
    CHECK(ram_of(with_blocks(block, cells)
                     .cells(node, "ibm,dynamic-memory-v2", version_2(runs, cells))) == wanted);
  }
}

TEST_CASE("two encodings in one tree have to agree") {
  auto tree = with_blocks();
  tree.cells(node, "ibm,dynamic-memory", version_1(sample));
  tree.cells(node, "ibm,dynamic-memory-v2", version_2(sample));
  CHECK(ram_of(tree) == sample_ram);
  tree.cells(node, "ibm,dynamic-memory-v2", version_2({{4, 4, assigned}}));
  CHECK(refusal_of(read(tree)) ==
        "/ibm,dynamic-reconfiguration-memory is inconsistent: ibm,dynamic-memory and "
        "ibm,dynamic-memory-v2 list different memory: 1.5 GiB and 1 GiB");
}

TEST_CASE("a tree without the node, or with a node without a table, has no such memory") {
  CHECK_FALSE(value_of(read(TreeMaker())).has_value());
  CHECK_FALSE(value_of(read(with_blocks())).has_value());
}

TEST_CASE("a truncated or overlong table is refused, whichever its encoding") {
  for (const bool runs : {false, true}) {
    CAPTURE(runs);
    const char* const name = runs ? "ibm,dynamic-memory-v2" : "ibm,dynamic-memory";
    std::vector<std::uint32_t> cells = runs ? version_2(sample) : version_1(sample);
    cells.push_back(0);
    CHECK(
        contains(refusal_of(read(with_blocks().cells(node, name, cells))), "longer than it says"));
    cells.pop_back();
    cells.pop_back();
    CHECK(contains(refusal_of(read(with_blocks().cells(node, name, cells))), "it is truncated"));
    cells[0] = 0xffffffff;
    CHECK(contains(refusal_of(read(with_blocks().cells(node, name, cells))), "it is truncated"));
    CHECK(contains(refusal_of(read(with_blocks().flag(node, name))), "truncated"));
  }
}

TEST_CASE("a block size that is none is refused") {
  const auto with_size = [](std::uint64_t size) {
    return refusal_of(
        read(with_blocks(size).cells(node, "ibm,dynamic-memory-v2", version_2(sample))));
  };
  CHECK(contains(with_size(0), "ibm,lmb-size is 0x0"));
  CHECK(contains(with_size(3 * mib), "which is no power of two"));
  TreeMaker tree;
  tree.cells(node, "ibm,dynamic-memory-v2", version_2(sample));
  CHECK(contains(refusal_of(read(tree)), "it has no ibm,lmb-size"));
}

TEST_CASE("blocks that overlap or lie beside the grid are refused") {
  CHECK(refusal_of(read(with_blocks().cells(node, "ibm,dynamic-memory-v2",
                                            version_2({{4, 4, assigned}, {7, 1, assigned}})))) ==
        "/ibm,dynamic-reconfiguration-memory is inconsistent: ibm,dynamic-memory-v2 lists "
        "0x40000000-0x7fffffff and 0x70000000-0x7fffffff, which overlap");
  std::vector<std::uint32_t> cells = version_1({{4, 1, assigned}});
  cells[2] += 0x1000;
  CHECK(contains(refusal_of(read(with_blocks().cells(node, "ibm,dynamic-memory", cells))),
                 "is no multiple of ibm,lmb-size"));
}

TEST_CASE("a run that ends behind the address space is refused") {
  std::vector<std::uint32_t> cells = version_2({{4, 0xffffffff, assigned}});
  cells[2] = 0xffffffff;  // the address' upper half
  CHECK(contains(refusal_of(read(with_blocks().cells(node, "ibm,dynamic-memory-v2", cells))),
                 "end behind the 64-bit address space"));
}

TEST_CASE("a root without address cells is refused, and one with a great many too") {
  for (const std::uint32_t count : {0U, 5U, 0xffffffffU}) {
    TreeMaker tree = with_blocks();
    tree.cells("/", "#address-cells", {count});
    tree.cells(node, "ibm,dynamic-memory", version_1(sample));
    CHECK(contains(refusal_of(read(tree)), "cells for addresses"));
  }
}

TEST_CASE("a kdump kernel keeps to its part of the blocks") {
  auto tree = with_blocks();
  tree.cells(node, "ibm,dynamic-memory", version_1(sample));
  // for each block a count and as many ranges; the second of them reaches beyond RAM
  tree.cells(node, "linux,drconf-usable-memory",
             wide({0, 1, 4 * block, 0x1000, 0, 2, 5 * block, 0x2000, 8 * block, 2 * block}));
  const auto memory = value_of(read(tree));
  CHECK(memory->limited);
  CHECK(memory->ram == std::vector<Range>{{4 * block, 4 * block + 0x1000},
                                          {5 * block, 5 * block + 0x2000},
                                          {8 * block, 9 * block}});
  tree.cells(node, "linux,drconf-usable-memory", wide({2, 4 * block, 0x1000}));
  CHECK(contains(refusal_of(read(tree)),
                 "linux,drconf-usable-memory of "
                 "/ibm,dynamic-reconfiguration-memory is truncated"));
}

}  // namespace ppc64_drconf_test
