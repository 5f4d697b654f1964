// SPDX-License-Identifier: Apache-2.0
#include "ppc64/crash.hpp"

#include <rapidcheck.h>

#include "memory/discovery.hpp"
#include "plan/placer.hpp"
#include "ppc64/memory_nodes.hpp"
#include "ppc64_blocks.hpp"

namespace ppc64_crash_test {
namespace {

using kxf::Endian;
using kxf::MemoryKind;
using kxf::Range;
using kxf::RangeSet;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

constexpr Range region{0x20000000, 0x38000000};

const kxf::Architecture& ppc64() { return kxf::ppc64::architecture(); }

kxf::MemoryMap map_with(const RangeSet& regions, std::uint64_t ram_end = 4 * gib) {
  std::vector<kxf::MemoryRange> ranges{{{0, ram_end}, MemoryKind::ram, "RAM", "ppc64-dt"}};
  for (const Range& each : regions)
    ranges.push_back({each, MemoryKind::crash_kernel, "crash region", "ppc64-dt"});
  return {std::move(ranges), {}};
}

kxf::CrashLayout layout_of(const PowerMachine& power, const RangeSet& regions = {region}) {
  const kxf::KernelSpec kernel;
  const kxf::MemoryMap memory = map_with(regions);
  kxf::Record record;
  return value_of(ppc64().crash_layout({power.machine, kernel, memory, automatic, true}, record));
}

kxf::CrashPlaces places_in(const Range& home, const RangeSet& regions) {
  return {Range::sized(home.start, 64 * kib), regions, home,
          Range::sized(home.start + 64 * kib, 64 * kib)};
}

kxf::DeviceTree announced(const kxf::DeviceTree& tree, const Range& home, const RangeSet& regions) {
  kxf::TreeEditor editor(tree);
  const auto status = ppc64().announce_crash(editor, places_in(home, regions));
  REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message));
  return value_of(editor.tree());
}
kxf::DeviceTree announced(const TreeMaker& tree, const Range& home = region) {
  return announced(tree.done(), home, {home});
}

/// What a kernel with this tree takes for memory.
RangeSet memory_of(const kxf::DeviceTree& tree) {
  kxf::Record unused;
  std::vector<Range> found;
  for (const kxf::MemoryRange& each : value_of(kxf::ppc64::memory_nodes(tree, unused)))
    found.push_back(each.range);
  return RangeSet(std::move(found));
}

kxf::ByteVector cells_of(const std::vector<std::uint64_t>& numbers) {
  return kxf_test::cells(wide(numbers));
}

kxf::ByteVector value_of_property(const kxf::DeviceTree& tree, std::string_view path,
                                  std::string_view property) {
  const auto node = tree.find(path);
  REQUIRE(node.has_value());
  const auto value = node->property(property);
  REQUIRE(value.has_value());
  return {value->begin(), value->end()};
}

}  // namespace

TEST_CASE("a dump of a Power system has the backup, and its linear map begins at 0xc...0") {
  const PowerMachine power(powernv_tree());
  const kxf::CrashLayout layout = layout_of(power, {{0x8000000, 0x20000000}});
  CHECK(layout.elf_machine == 21);
  CHECK(layout.linear_map_offset == 0xc000000000000000);
  CHECK(layout.backup == Range{0, 64 * kib});
  CHECK_FALSE(layout.kernel_text);
  CHECK(layout.also_dumped.empty());  // OPAL is in no crash region
  CHECK(layout.not_dumped.empty());
}

TEST_CASE("firmware in the crash region is dumped, in whole pages and no further") {
  CHECK(layout_of(PowerMachine(lpar_tree())).also_dumped ==
        std::vector<Range>{{rtas_base, rtas_base + 64 * kib}});
  CHECK(layout_of(PowerMachine(powernv_tree()), {{0x20000000, 0x31000000}}).also_dumped ==
        std::vector<Range>{{opal_base, 0x31000000}});
  CHECK(layout_of(PowerMachine(lpar_tree()), {{0x8000000, 0x10000000}}).also_dumped.empty());
}

TEST_CASE("memory of devices and above the running kernel's limit is not dumped") {
  TreeMaker tree = powernv_tree();
  memory(tree, "/memory@400000000000", {0x400000000000, gib, 0x500000000000, gib})
      .text("/memory@400000000000", "compatible", "ibm,coherent-device-memory");
  tree.u64("/chosen", "linux,memory-limit", 3 * gib);
  CHECK(layout_of(PowerMachine(tree)).not_dumped ==
        std::vector<Range>{{0x400000000000, 0x400040000000},
                           {0x500000000000, 0x500040000000},
                           {3 * gib, UINT64_MAX}});
  tree.u64("/chosen", "linux,memory-limit", 0);  // "none", as the kernel writes it
  CHECK(layout_of(PowerMachine(tree)).not_dumped.size() == 2);
}

TEST_CASE("the tree may grow by the cores that can still come") {
  TreeMaker tree = lpar_tree();
  core(tree, "/cpus/PowerPC,POWER9@10", {16, 17, 18, 19});
  PowerMachine power(tree);
  auto& possible = power.machine.files["/sys/devices/system/cpu/possible"];
  possible = "0-2\n";  // as many cores as the tree has
  CHECK(layout_of(power).tree_room_bytes == 0);
  possible = "0-6\n";
  // begin, name, end; device_type, reg and the servers with 12 bytes for each property
  const std::uint64_t node_bytes = 8 + 20 + (12 + 4) + (12 + 4) + (12 + 16);
  CHECK(layout_of(power).tree_room_bytes == 4 * node_bytes);
  power.machine.files.erase("/sys/devices/system/cpu/possible");
  CHECK(layout_of(power).tree_room_bytes == 0);

  // The room is what libfdt takes for such nodes.
  kxf::TreeEditor editor(tree.done());
  const std::size_t before = editor.tree()->blob().size();
  for (const char* path : {"/cpus/PowerPC,POWER9@14", "/cpus/PowerPC,POWER9@18"}) {
    REQUIRE(editor.set_text(path, "device_type", "cpu"));
    REQUIRE(editor.set_u32(path, "reg", 20));
    REQUIRE(editor.set(path, "ibm,ppc-interrupt-server#s", kxf::ByteVector(16)));
  }
  CHECK(editor.tree()->blob().size() == before + 2 * node_bytes);
}

TEST_CASE("a crash kernel may use memory up to its region's end and firmware's, and no other") {
  const auto lpar = announced(lpar_tree());
  CHECK(value_of_property(lpar, "/memory@0", "linux,usable-memory") ==
        cells_of({0, region.end}));  // RTAS is inside
  CHECK(value_of_property(lpar, "/memory@40000000", "linux,usable-memory") == cells_of({0, 0}));
  CHECK(memory_of(lpar) == RangeSet{{0, region.end}});
  CHECK(lpar.memory_reservations() == std::vector<Range>{{64 * kib, region.start}});

  const Range low{0x8000000, 0x20000000};
  const auto powernv = announced(powernv_tree(), low);
  CHECK(value_of_property(powernv, "/memory@0", "linux,usable-memory") ==
        cells_of({0, low.end, opal_base, 0x2c00000}));
  CHECK(memory_of(powernv) == RangeSet{{0, low.end}, {opal_base, 0x32c00000}});
  CHECK(powernv.memory_reservations() == std::vector<Range>{{64 * kib, low.start}});

  TreeMaker tables = lpar_tree();
  tables.text("/pci@1", "device_type", "pci").u64("/pci@1", "linux,tce-base", gib + 0x10000);
  tables.cells("/pci@1", "linux,tce-size", {0x10000});
  CHECK(memory_of(announced(tables)) == RangeSet{{0, region.end}, {gib + 0x10000, gib + 0x20000}});
}

TEST_CASE("other crash regions are usable too, and not reserved as the crashed kernel's") {
  const Range low{0x8000000, 0x9000000};
  const Range high{gib, gib + 0x1000000};
  const auto tree = announced(lpar_tree().done(), region, {low, region, high});
  CHECK(memory_of(tree) == RangeSet{{0, region.end}, high});
  CHECK(tree.memory_reservations() ==
        std::vector<Range>{{64 * kib, low.start}, {low.end, region.start}});
}

TEST_CASE("usable memory is written in the cells of the root, or refused") {
  TreeMaker narrow;
  narrow.cells("/", "#address-cells", {1}).cells("/", "#size-cells", {1});
  narrow.text("/memory@0", "device_type", "memory")
      .cells("/memory@0", "reg", {0, 0x10000000, 0x20000000, 0x20000000});
  CHECK(value_of_property(announced(narrow), "/memory@0", "linux,usable-memory") ==
        kxf_test::cells({0, 0x10000000, 0x20000000, 0x18000000}));

  TreeMaker small_sizes = lpar_tree();
  small_sizes.cells("/", "#size-cells", {1});
  small_sizes.cells("/memory@0", "reg", {0, 0, 0x80000000}).cells("/memory@40000000", "reg", {});
  const auto tree = announced(small_sizes, region);
  CHECK(value_of_property(tree, "/memory@0", "linux,usable-memory") ==
        kxf_test::cells({0, 0, 0x38000000}));
}

TEST_CASE("each block of RAM has its usable parts, in both encodings") {
  const std::vector<Run> runs{{0, 1, reserved},  // what memory@0 lists
                              {1, 2, assigned},
                              {3, 1, 0},
                              {4, 2, assigned}};
  // One entry for each block that Linux reads one for: those at 1, 2, 4 and 5.
  const Range home{block + block / 2, 2 * block + 0x1000000};
  const auto wanted = cells_of({1, block, block, 1, 2 * block, 0x1000000, 0, 0});
  for (const bool version_one : {true, false}) {
    CAPTURE(version_one);
    TreeMaker tree = with_blocks();
    memory(tree, "/memory@0", {0, block});
    tree.cells(kxf::ppc64::drconf_path,
               version_one ? "ibm,dynamic-memory" : "ibm,dynamic-memory-v2",
               version_one ? version_1(runs) : version_2(runs));
    const auto next = announced(tree, home);
    CHECK(value_of_property(next, kxf::ppc64::drconf_path, "linux,drconf-usable-memory") == wanted);
    CHECK(memory_of(next) == RangeSet{{0, home.end}});
  }
}

TEST_CASE("a table without RAM is told without entries") {
  TreeMaker tree = with_blocks();
  memory(tree, "/memory@0", {0, gib});
  tree.cells(kxf::ppc64::drconf_path, "ibm,dynamic-memory", version_1({{4, 4, 0}}));
  const auto next = announced(tree);
  CHECK(value_of_property(next, kxf::ppc64::drconf_path, "linux,drconf-usable-memory").empty());
  CHECK(memory_of(next) == RangeSet{{0, region.end}});
}

TEST_CASE("what a crash kernel may use is read again, whatever cells and memory are") {
  CHECK(rc::check([] {
    const auto address_cells = *rc::gen::inRange(1U, 5U);
    const auto size_cells = *rc::gen::inRange(2U, 5U);
    constexpr std::uint64_t unit = 16 * mib;
    const auto cut = [](std::vector<std::uint32_t>& out, std::uint64_t number, unsigned cells) {
      for (unsigned left = cells; left > 0; --left)
        out.push_back(left > 2 ? 0 : static_cast<std::uint32_t>(number >> (32 * (left - 1))));
    };
    TreeMaker tree;
    tree.cells("/", "#address-cells", {address_cells}).cells("/", "#size-cells", {size_cells});
    // Nodes of several tuples, then blocks behind them.
    std::uint64_t at = 0;
    for (unsigned node = *rc::gen::inRange(1U, 4U); node > 0; --node) {
      std::vector<std::uint32_t> reg;
      for (unsigned tuple = *rc::gen::inRange(1U, 4U); tuple > 0; --tuple) {
        at += unit * *rc::gen::inRange(0U, 3U);
        const std::uint64_t size = unit * *rc::gen::inRange(1U, 9U);
        cut(reg, at, address_cells);
        cut(reg, size, size_cells);
        at += size;
      }
      const std::string path = "/memory@" + std::to_string(node);
      tree.text(path, "device_type", "memory").cells(path, "reg", reg);
    }
    const std::uint64_t first_block = at / block + 1;
    std::vector<Run> runs;
    std::uint64_t next_block = first_block;
    for (unsigned run = *rc::gen::inRange(0U, 5U); run > 0 && next_block < 14; --run) {
      const auto count = *rc::gen::inRange(1U, 3U);
      runs.push_back({next_block, count, *rc::gen::element(assigned, reserved, 0U)});
      next_block += count;
    }
    std::vector<std::uint32_t> lmb_size;
    cut(lmb_size, block, 2);
    tree.cells(kxf::ppc64::drconf_path, "ibm,lmb-size", lmb_size);
    if (*rc::gen::arbitrary<bool>())
      tree.cells(kxf::ppc64::drconf_path, "ibm,dynamic-memory", version_1(runs, address_cells));
    else
      tree.cells(kxf::ppc64::drconf_path, "ibm,dynamic-memory-v2", version_2(runs, address_cells));

    const auto before = tree.done();
    const RangeSet ram = memory_of(before);
    const std::uint64_t start = 64 * kib * *rc::gen::inRange(2U, 40000U);
    const Range home = Range::sized(start, 64 * kib * *rc::gen::inRange(1U, 8000U));
    kxf::TreeEditor editor(before);
    RC_ASSERT(ppc64().announce_crash(editor, places_in(home, {home})).has_value());
    const auto once = editor.tree();
    RC_ASSERT(once.has_value());
    const RangeSet usable = ram.intersected({{0, home.end}});
    RC_ASSERT(memory_of(*once) == usable);
    const std::vector<Range> crashed{{64 * kib, home.start}};
    RC_ASSERT(once->memory_reservations() == crashed);
    // The second time, with addresses, nothing grows.
    auto placed = places_in(home, {home});
    placed.core_header = Range::sized(home.end - 64 * kib, 64 * kib);
    RC_ASSERT(ppc64().announce_crash(editor, placed).has_value());
    RC_ASSERT(editor.tree()->blob().size() == once->blob().size());
    RC_ASSERT(editor.tree()->memory_reservations() == once->memory_reservations());
  }));
}

namespace {

/// Where a crash load with these segments goes, on this machine.
kxf::Result<std::vector<kxf::Place>> placed(const PowerMachine& power, const RangeSet& regions,
                                            const kxf::SegmentSizes& sizes) {
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::MemoryMap memory = map_with(regions);
  kxf::Record record;
  const auto kernel = value_of(ppc64().adapt_kernel(
      {power.machine, kernel_of(bytes, Endian::little), memory, automatic, true}, record));
  KXF_TRY(rules,
          ppc64().placement_rules({power.machine, kernel, memory, automatic, true}, sizes, record));
  const RangeSet home{regions.ranges().back()};
  return kxf::place_segments({memory, home, 64 * kib}, rules);
}

Range place_of(const std::vector<kxf::Place>& places, std::string_view name) {
  for (const kxf::Place& place : places)
    if (place.name == name) return place.range;
  FAIL("no place for " << name);
  return {};
}

}  // namespace

TEST_CASE("a crash load lies in its region, its tree below 768 MiB where that reaches so low") {
  const kxf::SegmentSizes sizes{64 * mib, 40 * kib, 20 * kib};
  const PowerMachine power(lpar_tree());
  for (const kxf::Place& place : value_of(placed(power, {region}, sizes)))
    CHECK(region.contains(place.range));
  CHECK(place_of(value_of(placed(power, {region}, sizes)), "kernel").start == region.start);
  CHECK(place_of(value_of(placed(power, {region}, sizes)), "dtb").end <= 768 * mib);
  // The region begins above, or there is just a page too little below.
  const PowerMachine bare(powernv_tree());
  for (const std::uint64_t start : {800 * mib, 768 * mib, 768 * mib - 32 * kib, 740 * mib}) {
    CAPTURE(start);
    const Range high{start, start + 256 * mib};
    const auto places = value_of(placed(bare, {high}, sizes));
    for (const kxf::Place& place : places) CHECK(high.contains(place.range));
    CHECK((place_of(places, "dtb").end <= 768 * mib) == (start == 740 * mib));
  }
}

TEST_CASE("of a crash region only what lies in the real mode area is used") {
  const PowerMachine power(lpar_tree());
  const kxf::SegmentSizes sizes{64 * mib, 40 * kib, 20 * kib};
  const Range across{900 * mib, 1200 * mib};
  const auto rules_in = [&](const RangeSet& regions) {
    const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
    const kxf::KernelSpec kernel = kernel_of(bytes, Endian::little);
    const kxf::MemoryMap memory = map_with(regions);
    kxf::Record record;
    return value_of(
        ppc64().placement_rules({power.machine, kernel, memory, automatic, true}, sizes, record));
  };
  for (const kxf::PlacementRule& rule : rules_in({{0x8000000, 0x9000000}, across}))
    CHECK(Range{across.start, gib}.contains(rule.window));
  for (const kxf::PlacementRule& rule : rules_in({region})) CHECK(region.contains(rule.window));
  for (const kxf::Place& place : value_of(placed(power, {across}, sizes)))
    CHECK(place.range.end <= gib);
  CHECK(contains(refusal_of(placed(power, {across}, {200 * mib, 40 * kib, 20 * kib})), "initrd"));
  CHECK(refusal_of(placed(power, {{gib, 2 * gib}}, sizes)) ==
        "the crash region 0x40000000-0x7fffffff cannot hold a kernel: it lies behind 0x40000000, "
        "the end of the real mode area, the lowest memory node");
}

TEST_CASE("a crash kernel stays in its region, whatever its and the running kernel's byte order") {
  for (const Endian running : {Endian::little, Endian::big})
    for (const Endian target : {Endian::little, Endian::big}) {
      const PowerMachine power(lpar_tree(), running);
      const kxf::ByteVector bytes = kernel_bytes(target, run0);
      const kxf::MemoryMap memory = map_with({region});
      kxf::Record record;
      const auto kernel = value_of(ppc64().adapt_kernel(
          {power.machine, kernel_of(bytes, target), memory, automatic, true}, record));
      REQUIRE(kernel.patches.size() == 1);
      CHECK(kernel.patches[0].memory_offset == 0x5c);
      CHECK(kxf::Bytes(kernel.patches[0].bytes, target).read<std::uint32_t>(0) == 1U);
      CHECK(kernel.file_load == (running == target));
    }
}

TEST_CASE("the crash kernel is told of the core header by its command line") {
  const kxf::ArchitectureTraits traits = ppc64().traits();
  CHECK(traits.core_header_parameter == "elfcorehdr");
  CHECK(traits.crash_command_line == "maxcpus=1 noirqdistrib reset_devices");
  CHECK(traits.hotplug_rewrites_tree);
}

TEST_CASE("a crash on a CPU that the next tree lacks is refused, wherever it would jump now") {
  const PowerMachine power(lpar_tree());
  const auto finding = [&](bool crash, const kxf::DeviceTree& next) {
    kxf::PlanParts parts;
    parts.arch = "ppc64";
    parts.kexec_arch = 21;
    parts.page_size_bytes = 64 * kib;
    parts.backend = kxf::Backend::kexec_load;
    parts.crash = crash;
    parts.memory = crash ? map_with({region}) : map_with({});
    parts.entry = region.start;
    parts.segments = {
        {"kernel", kxf::Blob(kxf::ByteVector(100)), {region.start, region.start + 64 * kib}},
        {"dtb", kxf::Blob(kxf_test::bytes_of_tree(next)), {0x21000000, 0x21010000}}};
    const auto found = kxf::ppc64::exclusions_check().check(
        power.machine, value_of(kxf::LoadPlan::make(std::move(parts))));
    REQUIRE(found.size() == 1);
    return found[0];
  };
  kxf::TreeEditor editor(lpar_tree().done());
  REQUIRE(editor.remove_node("/cpus/PowerPC,POWER9@8"));
  const auto next = value_of(editor.tree());
  CHECK_FALSE(finding(false, next).refuse);
  const auto refused = finding(true, next);
  CHECK(refused.refuse);
  CHECK(contains(refused.text, "when the running kernel panics there"));
}

}  // namespace ppc64_crash_test
