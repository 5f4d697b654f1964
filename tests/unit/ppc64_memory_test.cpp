// SPDX-License-Identifier: Apache-2.0
#include "memory/discovery.hpp"
#include "ppc64/memory_nodes.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/reserved.hpp"
#include "ppc64_scene.hpp"

namespace ppc64_memory_test {
namespace {

using kxf::MemoryKind;
using kxf::Range;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

/// What the source finds on a machine with this tree.
struct Discovery {
  PowerMachine power;
  kxf::Record record{};
  kxf::Result<kxf::MemoryFindings> result;

  explicit Discovery(const TreeMaker& tree, std::string_view command_line = "quiet")
      : power(tree), result(discover(power.machine, command_line)) {}

  [[nodiscard]] std::vector<Range> of_kind(MemoryKind kind) const {
    std::vector<Range> ranges;
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
    for (const kxf::MemoryRange& each : result->ranges)
      if (each.kind == kind) ranges.push_back(each.range);
    std::sort(ranges.begin(), ranges.end());
    return ranges;
  }
  [[nodiscard]] std::vector<Range> labelled(std::string_view label) const {
    std::vector<Range> ranges;
    REQUIRE_MESSAGE(result.has_value(), (result ? "" : result.error().message));
    for (const kxf::MemoryRange& each : result->ranges)
      if (each.label == label) ranges.push_back(each.range);
    return ranges;
  }

 private:
  kxf::Result<kxf::MemoryFindings> discover(MapMachine& machine, std::string_view command_line) {
    machine.files["/proc/cmdline"] = std::string(command_line) + "\n";
    return kxf::ppc64::memory_source().discover(machine, record);
  }
};

/// The memory that a load may use, with iomem as the second source as always.
kxf::MemoryMap map_of(const MapMachine& machine) {
  const kxf::MemorySource* const sources[] = {&kxf::ppc64::memory_source(),
                                              &kxf::iomem_memory_source()};
  kxf::Record record;
  return value_of(kxf::discover_memory(machine, sources, {}, record));
}

using Ranges = std::vector<Range>;

}  // namespace

TEST_CASE("every tuple of every memory node counts") {
  TreeMaker tree = bare_tree();
  memory(tree, "/memory@0", {0, gib, 4 * gib, gib, 8 * gib, 0});
  memory(tree, "/memory@200000000000", {0x200000000000, 2 * gib});
  tree.text("/memory@80000000", "status", "disabled");
  memory(tree, "/memory@80000000", {2 * gib, gib});
  CHECK(Discovery(tree).of_kind(MemoryKind::ram) ==
        Ranges{{0, gib}, {4 * gib, 5 * gib}, {0x200000000000, 0x200000000000 + 2 * gib}});
}

TEST_CASE("addresses and sizes have as many cells as the root says") {
  TreeMaker tree;
  tree.cells("/", "#address-cells", {3}).cells("/", "#size-cells", {1});
  tree.text("/memory@0", "device_type", "memory");
  tree.cells("/memory@0", "reg", {0, 0, 0, 0x40000000, 0, 1, 0, 0x1000});
  CHECK(Discovery(tree).of_kind(MemoryKind::ram) == Ranges{{0, gib}, {4 * gib, 4 * gib + 0x1000}});
  tree.cells("/memory@0", "reg", {1, 0, 0, 0x1000});
  CHECK(refusal_of(Discovery(tree).result) ==
        "reg of /memory@0 holds a number of more than 64 bits at byte 0");
}

TEST_CASE("a memory node whose reg is no list of tuples is refused") {
  TreeMaker tree = lpar_tree();
  tree.cells("/memory@0", "reg", {0, 0, 0});
  CHECK(refusal_of(Discovery(tree).result) ==
        "reg of /memory@0 is truncated: it ends at byte 12, in the middle of an entry");
  tree.cells("/memory@0", "reg", {0xffffffff, 0, 2, 0});
  CHECK(contains(refusal_of(Discovery(tree).result), "end behind the 64-bit address space"));
  TreeMaker without = bare_tree();
  without.text("/memory@0", "device_type", "memory");
  CHECK(refusal_of(Discovery(without).result) == "/memory@0 has no reg");
  tree.cells("/memory@0", "reg", {0, 0}).cells("/", "#size-cells", {0});
  CHECK(contains(refusal_of(Discovery(tree).result), "2 address and 0 size cells"));
}

TEST_CASE("a tree without memory is silence with a reason") {
  const Discovery discovery(bare_tree());
  CHECK(discovery.of_kind(MemoryKind::ram).empty());
  CHECK(discovery.result->silence == "the device tree lists no memory");
  kxf::Record record;
  const MapMachine without;
  const auto found = value_of(kxf::ppc64::memory_source().discover(without, record));
  CHECK(found.silence == "this system has no device tree");
}

TEST_CASE("dynamic memory adds to the nodes, coherent device memory does not") {
  TreeMaker tree = bare_tree();
  memory(tree, "/memory@0", {0, gib});
  memory(tree, "/memory@240000000000", {0x240000000000, 4 * gib});
  tree.text("/memory@240000000000", "compatible", "ibm,coherent-device-memory");
  tree.u64("/ibm,dynamic-reconfiguration-memory", "ibm,lmb-size", 256 * mib);
  tree.cells("/ibm,dynamic-reconfiguration-memory", "ibm,dynamic-memory-v2",
             {2, 2, 0, 0x40000000, 0, 0, 0x8, 1, 0, 0x80000000, 0, 0, 0x80});
  const Discovery discovery(tree);
  CHECK(discovery.of_kind(MemoryKind::ram) == Ranges{{0, gib}, {gib, gib + 512 * mib}});
  CHECK(decided(discovery.record, "/memory@240000000000 not used"));
  CHECK(decided(discovery.record, "2 of 3 blocks of 256 MiB"));
}

TEST_CASE("the running kernel was limited, and so is the source") {
  TreeMaker tree = lpar_tree();
  tree.cells("/memory@0", "linux,usable-memory", wide({0, 0x1000000, 0x20000000, 0x1000000}));
  tree.u64("/chosen", "linux,memory-limit", gib + 0x100000);
  const Discovery discovery(tree);
  CHECK(discovery.of_kind(MemoryKind::ram) ==
        Ranges{{0, 0x1000000}, {0x20000000, 0x21000000}, {gib, gib + 0x100000}});
  tree.u64("/chosen", "linux,memory-limit", 0);
  CHECK(Discovery(tree).of_kind(MemoryKind::ram).back().end == 2 * gib);
}

TEST_CASE("what must be kept out of on an LPAR") {
  TreeMaker tree = lpar_tree();
  tree.u64("/chosen", "linux,crashkernel-base", 0x20000000);
  tree.u64("/chosen", "linux,crashkernel-size", 0x8000000);
  tree.u64("/chosen", "linux,htab-base", 0x3c000000).u64("/chosen", "linux,htab-size", 0x1000000);
  tree.text("/pci@800000020000000", "device_type", "pci");
  tree.u64("/pci@800000020000000", "linux,tce-base", 0x3f000000);
  tree.cells("/pci@800000020000000", "linux,tce-size", {0x200000});
  tree.reserve({0x2ffe0000, 0x2ffe8123});
  const Discovery discovery(tree);
  CHECK(discovery.labelled("running kernel") == Ranges{{0, kernel_end}});
  CHECK(discovery.labelled("RTAS") == Ranges{{rtas_base, rtas_base + 0x83c}});
  CHECK(discovery.labelled("hash table") == Ranges{{0x3c000000, 0x3d000000}});
  CHECK(discovery.labelled("TCE table of /pci@800000020000000") ==
        Ranges{{0x3f000000, 0x3f200000}});
  CHECK(discovery.labelled("/memreserve/") == Ranges{{0x2ffe0000, 0x2ffe8123}});
  CHECK(discovery.of_kind(MemoryKind::crash_kernel) == Ranges{{0x20000000, 0x28000000}});

  // nothing of it is usable, to the byte; what is between is
  const kxf::MemoryMap map = map_of(discovery.power.machine);
  CHECK(map.usable() == kxf::RangeSet{{kernel_end, 0x20000000},
                                      {0x28000000, 0x2ffe0000},
                                      {0x2ffe8123, rtas_base},
                                      {rtas_base + 0x83c, 0x3c000000},
                                      {0x3d000000, 0x3f000000},
                                      {0x3f200000, 2 * gib}});
}

TEST_CASE("what must be kept out of on PowerNV, nested and overlapping") {
  TreeMaker tree = powernv_tree();
  tree.cells(
      "/", "reserved-ranges",
      wide({0x39c00000, 0xa40000, 0x30000000, 0x1000, 0x32800000, 0x800000, 0x2000000, 0x1000000}));
  tree.text("/", "reserved-names",
            list_of({"ibm,firmware-allocs", "ibm,firmware-code", "ibm,firmware-data",
                     "linux,initramfs"}));
  const Discovery discovery(tree);
  CHECK(discovery.labelled("OPAL") == Ranges{{opal_base, 0x32c00000}});
  CHECK(discovery.labelled("reserved-ranges: ibm,firmware-code") ==
        Ranges{{0x30000000, 0x30001000}});
  CHECK(discovery.labelled("reserved-ranges: linux,initramfs").empty());
  const kxf::MemoryMap map = map_of(discovery.power.machine);
  CHECK(map.usable() == kxf::RangeSet{{kernel_end, opal_base},
                                      {0x33000000, 0x39c00000},
                                      {0x3a640000, gib},
                                      {0x200000000000, 0x200080000000}});
}

TEST_CASE("reserved-memory is kept out of as everywhere") {
  TreeMaker tree = lpar_tree();
  tree.cells("/reserved-memory", "#address-cells", {2})
      .cells("/reserved-memory", "#size-cells", {2});
  tree.flag("/reserved-memory", "ranges");
  tree.cells("/reserved-memory/a@30000000", "reg", wide({0x30000000, 0x10000}));
  tree.cells("/reserved-memory/b@31000000", "reg", wide({0x31000000, 0x10000}));
  tree.flag("/reserved-memory/b@31000000", "no-map");
  tree.cells("/reserved-memory/dynamic", "size", wide({0x10000}));
  const Discovery discovery(tree);
  CHECK(discovery.labelled("/reserved-memory/a@30000000") == Ranges{{0x30000000, 0x30010000}});
  CHECK(discovery.of_kind(MemoryKind::no_map) == Ranges{{0x31000000, 0x31010000}});
}

TEST_CASE("the initrd of the running kernel is kept out of only while that keeps it") {
  TreeMaker tree = lpar_tree();
  tree.cells("/chosen", "linux,initrd-start", {0x3000000});  // as firmware writes it: one cell
  tree.cells("/chosen", "linux,initrd-end", {0x3812345});
  tree.reserve({0x3000000, 0x3812345}).reserve({0x3000000, 0x3820000});
  const Discovery freed(tree);
  CHECK(freed.labelled("/memreserve/").empty());
  CHECK(freed.labelled("initrd, kept by retain_initrd").empty());
  CHECK(decided(freed.record, "0x3000000-0x3812344 not reserved"));
  const Discovery kept(tree, "quiet retain_initrd root=/dev/sda");
  CHECK(kept.labelled("initrd, kept by retain_initrd") == Ranges{{0x3000000, 0x3812345}});
  CHECK(kept.labelled("/memreserve/").size() == 2);
  CHECK(Discovery(tree, "no_retain_initrd").labelled("/memreserve/").empty());
}

TEST_CASE("an address without a size is refused, by name") {
  TreeMaker rtas = lpar_tree();
  CHECK(Discovery(rtas).result.has_value());
  TreeMaker only_size = bare_tree();
  memory(only_size, "/memory@0", {0, gib});
  only_size.cells("/rtas", "rtas-size", {0x83c});
  CHECK(Discovery(only_size).labelled("RTAS").empty());
  TreeMaker only_base = bare_tree();
  only_base.cells("/rtas", "linux,rtas-base", {rtas_base});
  CHECK(refusal_of(Discovery(only_base).result) == "/rtas has a linux,rtas-base and no rtas-size");
  TreeMaker opal = bare_tree();
  opal.u64("/ibm,opal", "opal-runtime-size", 0x100000);
  CHECK(refusal_of(Discovery(opal).result) ==
        "/ibm,opal has no opal-base-address and a opal-runtime-size");
  TreeMaker odd = powernv_tree();
  odd.cells("/ibm,opal", "opal-base-address", {1, 2, 3});
  CHECK(contains(refusal_of(Discovery(odd).result), "an unreadable opal-base-address"));
  TreeMaker wraps = powernv_tree();
  wraps.u64("/ibm,opal", "opal-runtime-size", UINT64_MAX);
  CHECK(contains(refusal_of(Discovery(wraps).result), "end behind the 64-bit address space"));
  TreeMaker htab = lpar_tree();
  htab.u64("/chosen", "linux,htab-size", 0x1000);
  CHECK(refusal_of(Discovery(htab).result) ==
        "/chosen has linux,htab-size 0x1000 and no linux,htab-base");
  TreeMaker damaged = lpar_tree();
  damaged.cells("/chosen", "linux,crashkernel-size", {1, 2, 3});
  CHECK(refusal_of(Discovery(damaged).result) ==
        "/chosen/linux,crashkernel-size has 12 bytes, 4 or 8 make a number");
  damaged.cells("/chosen", "linux,kernel-end", {1, 2, 3});
  CHECK(refusal_of(Discovery(damaged).result) ==
        "/chosen/linux,kernel-end has 12 bytes, 4 or 8 make a number");
}

TEST_CASE("where the running kernel ends: by its tree, by iomem, by its symbols") {
  const auto end_of = [](const MapMachine& machine) {
    return value_of(kxf::ppc64::running_kernel_end(machine));
  };
  PowerMachine power(lpar_tree());
  power.machine.files["/proc/iomem"] =
      "00000000-7fffffff : System RAM\n  00000000-0114ffff : Kernel code\n"
      "  01150000-01b7ffff : Kernel data\n";
  CHECK(end_of(power.machine).address == kernel_end);
  MapMachine machine;
  machine.files["/proc/kallsyms"] = "c000000000000000 T _stext\nc000000002f10000 B _end\n";
  CHECK(end_of(machine).address == 0x2f10000);
  machine.files["/proc/iomem"] = power.machine.files["/proc/iomem"];
  CHECK(end_of(machine).address == 0x1b80000);
  machine.files["/proc/iomem"] =
      "00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n";
  machine.files["/proc/kallsyms"] = "0000000000000000 B _end\n";
  CHECK(contains(refusal_of(kxf::ppc64::running_kernel_end(machine)),
                 "where the running kernel ends is not known"));
}

TEST_CASE("the real mode area is the lowest memory alone, neighbours not counted") {
  CHECK(value_of(kxf::ppc64::lowest_memory(lpar_tree().done())) == Range{0, gib});
  TreeMaker tuples = bare_tree();
  memory(tuples, "/memory@0", {gib, gib, 0, 512 * mib, 512 * mib, 512 * mib});
  CHECK(value_of(kxf::ppc64::lowest_memory(tuples.done())) == Range{0, 512 * mib});
  TreeMaker blocks = bare_tree();
  blocks.u64("/ibm,dynamic-reconfiguration-memory", "ibm,lmb-size", 256 * mib);
  blocks.cells("/ibm,dynamic-reconfiguration-memory", "ibm,dynamic-memory-v2",
               {1, 8, 0, 0, 0, 0, 0x8});
  CHECK(value_of(kxf::ppc64::lowest_memory(blocks.done())) == Range{0, 256 * mib});
  CHECK(refusal_of(kxf::ppc64::lowest_memory(bare_tree().done())) ==
        "the device tree lists no memory");
}

}  // namespace ppc64_memory_test
