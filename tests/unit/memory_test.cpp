// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "map_machine.hpp"
#include "memory/discovery.hpp"

namespace memory_test {

using kxf::MemoryFindings;
using kxf::MemoryKind;
using kxf::MemoryMap;
using kxf::MemoryRange;
using kxf::MemorySource;
using kxf::Range;
using kxf::RangeSet;
using kxf::Record;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

namespace {

TreeMaker tree_with_memory() {
  TreeMaker maker;
  maker.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
  maker.text("/memory@40000000", "device_type", "memory");
  maker.cells("/memory@40000000", "reg", {0, 0x40000000, 0, 0x40000000});
  return maker;
}

MapMachine machine_with(const kxf::DeviceTree& tree) { return MapMachine(tree); }

MapMachine machine_with_iomem(std::string text) { return {"/proc/iomem", std::move(text)}; }

kxf::Result<MemoryFindings> from_tree(const MapMachine& machine, Record& record) {
  return kxf::device_tree_memory_source().discover(machine, record);
}
kxf::Result<MemoryFindings> from_tree(const kxf::DeviceTree& tree) {
  Record record;
  return from_tree(machine_with(tree), record);
}
kxf::Result<MemoryFindings> from_iomem(std::string text) {
  Record record;
  return kxf::iomem_memory_source().discover(machine_with_iomem(std::move(text)), record);
}

/// `kind start-end label` of each range, to compare at one glance.
std::vector<std::string> texts(const MemoryFindings& findings) {
  std::vector<std::string> found;
  for (const MemoryRange& each : findings.ranges)
    found.push_back(
        fmt::format("{} {} {}", name_of(each.kind), kxf::to_text(each.range), each.label));
  return found;
}
using Texts = std::vector<std::string>;

const std::array<const MemorySource*, 2> both{&kxf::device_tree_memory_source(),
                                              &kxf::iomem_memory_source()};

bool decided(const Record& record, std::string_view choice, std::string_view reason) {
  return std::ranges::any_of(record.decisions(), [&](const kxf::Decision& each) {
    return each.topic == "memory" && each.choice.find(choice) != std::string::npos &&
           each.reason.find(reason) != std::string::npos;
  });
}

/// A source that says what it is told to.
class FixedSource final : public MemorySource {
 public:
  FixedSource(std::string_view name, std::vector<MemoryRange> ranges, std::string silence = {},
              bool reservations_only = false)
      : name_(name),
        findings_{std::move(ranges), std::move(silence)},
        reservations_only_(reservations_only) {}
  [[nodiscard]] std::string_view name() const noexcept override { return name_; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "fixed"; }
  [[nodiscard]] bool reservations_only() const noexcept override { return reservations_only_; }
  [[nodiscard]] kxf::Result<MemoryFindings> discover(const kxf::Machine& /*machine*/,
                                                     Record& /*record*/) const noexcept override {
    return findings_;
  }

 private:
  std::string_view name_;
  MemoryFindings findings_;
  bool reservations_only_;
};

MemoryRange ram(std::uint64_t start, std::uint64_t end) {
  return {{start, end}, MemoryKind::ram, "RAM", {}};
}
MemoryRange reserved(std::uint64_t start, std::uint64_t end) {
  return {{start, end}, MemoryKind::reserved, "firmware", {}};
}

kxf::Result<MemoryMap> discover(const std::vector<const MemorySource*>& sources, Record& record) {
  const MapMachine machine;
  return kxf::discover_memory(machine, sources, {}, record);
}

// A QEMU virt machine with 1 GiB as /proc/iomem shows it to root.
constexpr std::string_view virt_iomem =
    "09000000-09000fff : pl011@9000000\n"
    "  09000000-09000fff : 9000000.pl011 pl011@9000000\n"
    "10000000-3efeffff : pcie@10000000\n"
    "40000000-7fffffff : System RAM\n"
    "  40200000-4169ffff : Kernel code\n"
    "  416a0000-41b1ffff : reserved\n"
    "  41b20000-421bffff : Kernel data\n"
    "  48000000-489fffff : reserved\n"
    "  70000000-77ffffff : Crash kernel\n"
    "4010000000-401fffffff : PCI ECAM\n";

}  // namespace

TEST_SUITE("device tree memory") {
  TEST_CASE("every tuple of every memory node is RAM") {
    TreeMaker maker = tree_with_memory();
    maker.text("/memory@100000000", "device_type", "memory");
    maker.cells("/memory@100000000", "reg", {1, 0, 0, 0x80000000, 8, 0, 1, 0, 9, 0, 0, 0});
    maker.flag("/memory@100000000", "hotpluggable");
    maker.text("/memory@200000000", "device_type", "memory")
        .text("/memory@200000000", "status", "disabled");
    maker.cells("/memory@200000000", "reg", {2, 0, 0, 0x1000});
    maker.cells("/memory@300000000", "reg", {3, 0, 0, 0x1000});
    const auto findings = from_tree(maker.done());
    REQUIRE(findings);
    Texts found = texts(*findings);
    std::ranges::sort(found);
    CHECK(found == Texts{"ram 0x100000000-0x17fffffff /memory@100000000",
                         "ram 0x40000000-0x7fffffff /memory@40000000",
                         "ram 0x800000000-0x8ffffffff /memory@100000000"});
    CHECK(findings->silence.empty());
  }

  TEST_CASE("one-cell trees are read as such") {
    TreeMaker maker;
    maker.cells("/", "#address-cells", {1}).cells("/", "#size-cells", {1});
    maker.text("/memory", "device_type", "memory").cells("/memory", "reg", {0, 0x3b400000});
    CHECK(texts(*from_tree(maker.done())) == Texts{"ram 0x0-0x3b3fffff /memory"});
  }

  TEST_CASE("banks below 4 GiB, above it and above 512 GiB are all RAM") {
    TreeMaker maker;
    maker.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
    maker.text("/memory@80000000", "device_type", "memory")
        .cells("/memory@80000000", "reg",
               {0x0, 0x80000000, 0x0, 0x80000000, 0x8, 0x80000000, 0x7, 0x80000000});
    maker.text("/memory@8800000000", "device_type", "memory")
        .cells("/memory@8800000000", "reg", {0x88, 0x0, 0x1, 0x0});
    CHECK(texts(*from_tree(maker.done())) ==
          Texts{"ram 0x8800000000-0x88ffffffff /memory@8800000000",
                "ram 0x80000000-0xffffffff /memory@80000000",
                "ram 0x880000000-0xfffffffff /memory@80000000"});
  }

  TEST_CASE("a root of three cells is read, and refused only where it says more than 64 bits") {
    TreeMaker maker;
    maker.cells("/", "#address-cells", {3}).cells("/", "#size-cells", {3});
    maker.text("/memory", "device_type", "memory")
        .cells("/memory", "reg", {0, 0x88, 0x0, 0, 0x1, 0x0});
    maker.cells("/reserved-memory", "#address-cells", {3})
        .cells("/reserved-memory", "#size-cells", {3})
        .flag("/reserved-memory", "ranges")
        .cells("/reserved-memory/log", "reg", {0, 0x88, 0x1000, 0, 0, 0x1000});
    maker.cells("/chosen", "linux,usable-memory-range", {0, 0x88, 0x0, 0, 0x0, 0x80000000});
    CHECK(texts(*from_tree(maker.done())) ==
          Texts{"ram 0x8800000000-0x887fffffff /memory",
                "reserved 0x8800001000-0x8800001fff /reserved-memory/log"});
    maker.cells("/memory", "reg", {1, 0x88, 0x0, 0, 0x1, 0x0});
    const auto wide = from_tree(maker.done());
    REQUIRE(!wide);
    CHECK(wide.error().message.find("more than 64 bits") != std::string::npos);
  }

  TEST_CASE("a memory node that cannot be read is an error, not silence") {
    TreeMaker maker = tree_with_memory();
    maker.cells("/memory@40000000", "reg", {0, 0x40000000, 0});
    const auto findings = from_tree(maker.done());
    REQUIRE(!findings);
    CHECK(findings.error().message.find("/memory@40000000") != std::string::npos);
  }

  TEST_CASE("linux,usable-memory replaces reg and is recorded") {
    TreeMaker maker = tree_with_memory();
    maker.cells("/memory@40000000", "linux,usable-memory",
                {0, 0x50000000, 0, 0x1000000, 0, 0, 0, 0});
    Record record;
    const auto findings = from_tree(machine_with(maker.done()), record);
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x50000000-0x50ffffff /memory@40000000"});
    CHECK(decided(record, "linux,usable-memory", "limited"));
  }

  TEST_CASE("a capture kernel's usable range limits RAM and is recorded") {
    TreeMaker maker = tree_with_memory();
    maker.cells("/chosen", "linux,usable-memory-range",
                {0, 0x60000000, 0, 0x10000000, 0, 0x41000000, 0, 0x1000000});
    Record record;
    const auto findings = from_tree(machine_with(maker.done()), record);
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x41000000-0x41ffffff /memory@40000000",
                                    "ram 0x60000000-0x6fffffff /memory@40000000"});
    CHECK(decided(record, "0x60000000-0x6fffffff", "usable-memory-range"));
  }

  TEST_CASE("4096 memory nodes and as many reserved ones are read in less than a second") {
    // Made in sequence: the editor would search for each node.
    kxf::ByteVector blob(kxf::DeviceTree::max_size_bytes);
    REQUIRE(fdt_create(blob.data(), static_cast<int>(blob.size())) == 0);
    REQUIRE(fdt_finish_reservemap(blob.data()) == 0);
    const auto node = [&](const std::string& name, std::uint32_t address, std::uint32_t size) {
      fdt_begin_node(blob.data(), name.c_str());
      if (name.starts_with("memory@")) fdt_property_string(blob.data(), "device_type", "memory");
      const kxf::ByteVector reg = kxf_test::cells({address, size});
      fdt_property(blob.data(), "reg", reg.data(), static_cast<int>(reg.size()));
      fdt_end_node(blob.data());
    };
    const auto cell_counts = [&] {
      fdt_property_u32(blob.data(), "#address-cells", 1);
      fdt_property_u32(blob.data(), "#size-cells", 1);
    };
    fdt_begin_node(blob.data(), "");
    cell_counts();
    for (std::uint32_t i = 0; i < 4096; ++i)
      node(fmt::format("memory@{:x}", i * 0x100000), i * 0x100000, 0x80000);
    fdt_begin_node(blob.data(), "reserved-memory");
    cell_counts();
    fdt_property(blob.data(), "ranges", nullptr, 0);
    for (std::uint32_t i = 0; i < 4096; ++i)
      node(fmt::format("pool@{:x}", i * 0x100000), i * 0x100000, 0x1000);
    fdt_end_node(blob.data());
    fdt_end_node(blob.data());
    REQUIRE(fdt_finish(blob.data()) == 0);
    const auto tree = kxf::DeviceTree::parse(blob, "test");
    REQUIRE(tree);

    Record record;
    const auto start = std::chrono::steady_clock::now();
    const auto findings = from_tree(machine_with(*tree), record);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    REQUIRE(findings);
    REQUIRE(findings->ranges.size() == 8192);
    CHECK(findings->ranges[4095].label == "/memory@fff00000");
    CHECK(findings->ranges[8191].label == "/reserved-memory/pool@fff00000");
    CHECK(elapsed < std::chrono::seconds(1));
  }

  TEST_CASE("reserved memory is listed by kind, disabled and dynamic regions are not") {
    TreeMaker maker = tree_with_memory();
    maker.cells("/reserved-memory", "#address-cells", {2})
        .cells("/reserved-memory", "#size-cells", {2});
    maker.flag("/reserved-memory", "ranges");
    maker.cells("/reserved-memory/optee@4e000000", "reg", {0, 0x4e000000, 0, 0x2000000});
    maker.flag("/reserved-memory/optee@4e000000", "no-map");
    maker.cells("/reserved-memory/dsp@50000000", "reg",
                {0, 0x50000000, 0, 0x100000, 0, 0x51000000, 0, 0x100000});
    maker.cells("/reserved-memory/off@60000000", "reg", {0, 0x60000000, 0, 0x1000});
    maker.text("/reserved-memory/off@60000000", "status", "disabled");
    maker.cells("/reserved-memory/linux,cma", "size", {0, 0x4000000});
    Record record;
    const auto findings = from_tree(machine_with(maker.done()), record);
    REQUIRE(findings);
    Texts found = texts(*findings);
    std::ranges::sort(found);
    CHECK(found == Texts{"no-map 0x4e000000-0x4fffffff /reserved-memory/optee@4e000000",
                         "ram 0x40000000-0x7fffffff /memory@40000000",
                         "reserved 0x50000000-0x500fffff /reserved-memory/dsp@50000000",
                         "reserved 0x51000000-0x510fffff /reserved-memory/dsp@50000000"});
    CHECK(decided(record, "/reserved-memory/linux,cma", "anew"));
  }

  TEST_CASE("reserved memory is translated when the tree says how, else taken as it is") {
    TreeMaker maker = tree_with_memory();
    maker.cells("/reserved-memory", "#address-cells", {1})
        .cells("/reserved-memory", "#size-cells", {1});
    maker.cells("/reserved-memory/a@1000", "reg", {0x1000, 0x1000});
    CHECK(texts(*from_tree(maker.done()))[1] == "reserved 0x1000-0x1fff /reserved-memory/a@1000");
    maker.cells("/reserved-memory", "ranges", {0, 0, 0x40000000, 0x40000000});
    CHECK(texts(*from_tree(maker.done()))[1] ==
          "reserved 0x40001000-0x40001fff /reserved-memory/a@1000");
  }

  TEST_CASE("memreserve entries are reserved, but for the running initrd") {
    TreeMaker maker = tree_with_memory();
    maker.reserve({0, 0x1000}).reserve({0x48000000, 0x48123456}).reserve({0x48000000, 0x48124000});
    maker.reserve({0x48000000, 0x48200000});
    maker.u64("/chosen", "linux,initrd-start", 0x48000000);
    maker.u64("/chosen", "linux,initrd-end", 0x48123456);
    Record record;
    const auto findings = from_tree(machine_with(maker.done()), record);
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x40000000-0x7fffffff /memory@40000000",
                                    "reserved 0x0-0xfff /memreserve/",
                                    "reserved 0x48000000-0x481fffff /memreserve/"});
    CHECK(decided(record, "0x48000000-0x48123455 not reserved", "initrd"));
    CHECK(decided(record, "0x48000000-0x48123fff not reserved", "initrd"));
  }

  TEST_CASE("a tree without memory nodes is silent, with its reservations kept") {
    TreeMaker maker;
    maker.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
    maker.reserve({0x1000, 0x2000});
    const auto findings = from_tree(maker.done());
    REQUIRE(findings);
    CHECK(findings->silence == "the device tree has no memory node");
    CHECK(findings->ranges.size() == 1);
  }

  TEST_CASE("under UEFI the tree is silent about RAM") {
    TreeMaker maker = tree_with_memory();
    maker.u64("/chosen", "linux,uefi-mmap-start", 0x7d000000);
    const auto findings = from_tree(maker.done());
    REQUIRE(findings);
    CHECK(findings->ranges.empty());
    CHECK(findings->silence.find("UEFI") != std::string::npos);
  }

  TEST_CASE("no tree is silence with the machine's reason") {
    MapMachine machine;
    Record record;
    CHECK(from_tree(machine, record)->silence == "this system has no device tree");
    machine.tree_problem = "/sys/firmware/fdt: permission denied";
    CHECK(from_tree(machine, record)->silence == "/sys/firmware/fdt: permission denied");
  }
}

TEST_SUITE("iomem") {
  TEST_CASE("RAM and what lies in it are listed, devices are not") {
    const auto findings = from_iomem(std::string(virt_iomem));
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x40000000-0x7fffffff System RAM",
                                    "running-kernel 0x40200000-0x4169ffff Kernel code",
                                    "reserved 0x416a0000-0x41b1ffff reserved",
                                    "running-kernel 0x41b20000-0x421bffff Kernel data",
                                    "reserved 0x48000000-0x489fffff reserved",
                                    "crash-kernel 0x70000000-0x77ffffff Crash kernel"});
    CHECK(findings->silence.empty());
  }

  TEST_CASE("whatever else lies in RAM is reserved under its own name, at any depth") {
    const auto findings = from_iomem(
        "40000000-7fffffff : System RAM\n"
        "  50000000-50ffffff : ACPI Tables\n"
        "    50100000-501fffff : EFI : runtime\n"
        "  60000000-60000fff : Kernel bss\n"
        "80000000-80000fff : a device\n"
        "  80000000-800000ff : reserved\n"
        "90000000-9fffffff : reserved\n");
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x40000000-0x7fffffff System RAM",
                                    "reserved 0x50000000-0x50ffffff ACPI Tables",
                                    "reserved 0x50100000-0x501fffff EFI : runtime",
                                    "running-kernel 0x60000000-0x60000fff Kernel bss",
                                    "no-map 0x90000000-0x9fffffff reserved"});
  }

  TEST_CASE("memory that a driver added is kept out of") {
    const auto findings = from_iomem(
        "40000000-7fffffff : System RAM\n"
        "240000000-27fffffff : Persistent Memory\n"
        "  240000000-27fffffff : dax0.0\n"
        "    240000000-27fffffff : System RAM (kmem)\n");
    REQUIRE(findings);
    CHECK(texts(*findings) == Texts{"ram 0x40000000-0x7fffffff System RAM",
                                    "reserved 0x240000000-0x27fffffff System RAM (kmem)"});
  }

  TEST_CASE("adjacent entries become one piece of RAM and crash regions stay apart") {
    Record record;
    const MapMachine machine = machine_with_iomem(
        "40000000-47ffffff : System RAM\n"
        "48000000-4fffffff : System RAM\n"
        "  48000000-48ffffff : Crash kernel\n"
        "  4a000000-4affffff : Crash kernel\n"
        "  4b000000-4bffffff : Crash kernel\n"
        "  4d000000-4dffffff : Crash kernel\n");
    const auto map = kxf::discover_memory(machine, both, {}, record);
    REQUIRE(map);
    CHECK(map->ram() == RangeSet{{0x40000000, 0x50000000}});
    CHECK(map->crash_regions() ==
          RangeSet{{0x48000000, 0x49000000}, {0x4a000000, 0x4c000000}, {0x4d000000, 0x4e000000}});
    CHECK(map->usable() == RangeSet{{0x40000000, 0x48000000},
                                    {0x49000000, 0x4a000000},
                                    {0x4c000000, 0x4d000000},
                                    {0x4e000000, 0x50000000}});
  }

  TEST_CASE("hidden addresses are silence that says what to do") {
    const auto findings = from_iomem(
        "00000000-00000000 : System RAM\n"
        "  00000000-00000000 : Kernel code\n");
    REQUIRE(findings);
    CHECK(findings->ranges.empty());
    CHECK(findings->silence ==
          "the addresses in /proc/iomem are hidden from this user: run as root");
  }

  TEST_CASE("an absent, empty or RAM-less file is silence") {
    Record record;
    const MapMachine none;
    CHECK(kxf::iomem_memory_source().discover(none, record)->silence == "/proc/iomem: not there");
    CHECK(from_iomem("")->silence == "/proc/iomem is empty");
    CHECK(from_iomem("\n \n")->silence == "/proc/iomem is empty");
    CHECK(from_iomem("9000000-9000fff : uart\n")->silence == "/proc/iomem has no System RAM");
  }

  TEST_CASE("a malformed line is an error with its number") {
    for (const std::string_view line :
         {"garbage", "40000000 : System RAM", "4000000g-7fffffff : System RAM",
          "7fffffff-40000000 : System RAM", "-7fffffff : System RAM", "40000000-7fffffff",
          "40000000-7fffffff System RAM", "10000000000000000-20000000000000000 : System RAM"}) {
      CAPTURE(line);
      const auto findings = from_iomem(fmt::format("00001000-00001fff : System RAM\n{}\n", line));
      REQUIRE(!findings);
      CHECK(findings.error().message.starts_with("/proc/iomem line 2: "));
      CHECK(!findings.error().remedy.empty());
    }
  }

  TEST_CASE("the last byte of the address space ends a range there") {
    const auto findings = from_iomem("ffffffff00000000-ffffffffffffffff : System RAM\n");
    REQUIRE(findings);
    CHECK(findings->ranges[0].range == Range{0xffffffff00000000, UINT64_MAX});
  }

  TEST_CASE("a file without a final newline and with carriage returns is read") {
    const auto findings = from_iomem("1000-1fff : System RAM\n\n2000-2fff : System RAM");
    REQUIRE(findings);
    CHECK(findings->ranges.size() == 2);
  }

  TEST_CASE("65536 reservations are read and subtracted in less than a second") {
    std::string text = "00000000-3fffffffffff : System RAM\n";
    for (std::uint64_t i = 0; i < 65536; ++i)
      text += fmt::format("  {:08x}-{:08x} : reserved\n", i * 0x10000, i * 0x10000 + 0xfff);
    const MapMachine machine = machine_with_iomem(std::move(text));
    Record record;
    const auto start = std::chrono::steady_clock::now();
    const auto map = kxf::discover_memory(machine, both, {}, record);
    const auto elapsed = std::chrono::steady_clock::now() - start;
    REQUIRE(map);
    CHECK(map->usable().ranges().size() == 65536);
    CHECK(elapsed < std::chrono::seconds(1));
  }
}

TEST_SUITE("memory discovery") {
  TEST_CASE("RAM comes from the first source that lists any, the silent ones are recorded") {
    const FixedSource a("a", {}, "nobody home");
    const FixedSource b("b", {ram(0x1000, 0x9000)});
    Record record;
    const auto map = discover({&a, &b}, record);
    REQUIRE(map);
    CHECK(map->ram() == RangeSet{{0x1000, 0x9000}});
    CHECK(map->ranges()[0].source == "b");
    CHECK(decided(record, "no RAM from a", "nobody home"));
    CHECK(decided(record, "RAM from b", "the first of a, b"));
    CHECK(record.warnings().empty());
  }

  TEST_CASE("reservations of every source count, also of silent ones and of the profile") {
    const FixedSource a("a", {ram(0x10000, 0x90000)});
    const FixedSource b("b", {reserved(0x20000, 0x30000)}, "not asked for RAM");
    const MapMachine machine;
    Record record;
    const std::vector<const MemorySource*> sources{&a, &b};
    const auto map = kxf::discover_memory(
        machine, sources, {{{0x40000, 0x50000}, MemoryKind::reserved, "vendor", {}}}, record);
    REQUIRE(map);
    CHECK(map->usable() == RangeSet{{0x10000, 0x20000}, {0x30000, 0x40000}, {0x50000, 0x90000}});
    CHECK(map->ranges().back().source == "profile");
    const auto blockers = map->blockers({0x2f000, 0x41000});
    REQUIRE(blockers.size() == 2);
    CHECK(blockers[0].source == "b");
    CHECK(blockers[1].label == "vendor");
  }

  TEST_CASE("a source of reservations alone is heard, and not missed for RAM") {
    MemoryRange table = reserved(0x4000, 0x5000);
    table.hand_over = true;
    const FixedSource a("a", {ram(0, 0x10000)});
    const FixedSource b("b", {table}, "", true);
    Record record;
    const auto map = discover({&a, &b}, record);
    REQUIRE(map);
    CHECK(map->usable() == RangeSet({{0, 0x4000}, {0x5000, 0x10000}}));
    CHECK(map->ranges().back().hand_over);
    CHECK(decided(record, "RAM from a", "the first of a that lists any"));
    CHECK(record.decisions().size() == 1);
    CHECK(record.warnings().empty());
    // and where nothing lists RAM it is not blamed
    const auto none = discover({&b}, record);
    REQUIRE_FALSE(none);
    CHECK(none.error().message == "no memory source lists RAM (b: it lists reservations only)");
  }

  TEST_CASE(
      "memory that came after the boot is not used: the next kernel's tree does not have it") {
    const FixedSource tree("dt", {ram(0x40000000, 0x80000000)});
    const FixedSource iomem("iomem", {ram(0x40000000, 0x80000000), ram(0x100000000, 0x140000000)});
    Record record;
    const auto map = discover({&tree, &iomem}, record);
    REQUIRE(map);
    CHECK(map->usable() == RangeSet{{0x40000000, 0x80000000}});
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].text.find("only iomem lists 0x100000000-0x13fffffff") !=
          std::string::npos);
    // Where firmware tells each kernel anew (ACPI, UEFI), iomem alone says what there is.
    Record alone;
    CHECK(discover({&iomem}, alone)->usable().contains({0x100000000, 0x140000000}));
  }

  TEST_CASE("what a later source leaves out is not used and warned about once") {
    const FixedSource a("a", {ram(0x10000, 0x90000)});
    const FixedSource b("b", {ram(0x10000, 0x50000), ram(0x60000, 0xa0000)});
    Record record;
    const auto map = discover({&a, &b}, record);
    REQUIRE(map);
    CHECK(map->ram() == RangeSet{{0x10000, 0x50000}, {0x60000, 0x90000}});
    REQUIRE(map->disagreements().size() == 2);
    CHECK(map->disagreements()[0].said_by == "a");
    CHECK(map->disagreements()[0].denied_by == "b");
    CHECK(map->disagreements()[1].said_by == "b");
    CHECK(map->disagreements()[1].range == Range{0x90000, 0xa0000});
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].id == "memory-disagreement");
    CHECK(record.warnings()[0].text.find("only a lists 0x50000-0x5ffff (64 KiB)") !=
          std::string::npos);
    CHECK(record.warnings()[0].text.find("only b lists 0x90000-0x9ffff (64 KiB)") !=
          std::string::npos);
    REQUIRE(map->blockers({0x50000, 0x51000}).size() == 1);
    CHECK(map->blockers({0x50000, 0x51000})[0].source == "b");
    CHECK(map->blockers({0x90000, 0xa0000}).empty());
  }

  TEST_CASE("a long list of contradictions is cut short") {
    std::vector<MemoryRange> pieces;
    for (std::uint64_t i = 0; i < 10; ++i) pieces.push_back(ram(i * 0x10000, i * 0x10000 + 0x8000));
    const FixedSource a("a", {ram(0, 0x100000)});
    const FixedSource b("b", pieces);
    Record record;
    REQUIRE(discover({&a, &b}, record));
    REQUIRE(record.warnings().size() == 1);
    CHECK(record.warnings()[0].text.find(" and 6 more") != std::string::npos);
  }

  TEST_CASE("memory that any source reserves is no contradiction") {
    // The tree's memory node covers firmware that the kernel leaves out of its RAM.
    const FixedSource a("a", {ram(0x10000, 0x90000), reserved(0x20000, 0x30000)});
    const FixedSource b("b", {ram(0x10000, 0x20000),
                              ram(0x30000, 0x80000),
                              {{0x80000, 0x90000}, MemoryKind::no_map, "reserved", {}}});
    Record record;
    const auto map = discover({&a, &b}, record);
    REQUIRE(map);
    CHECK(map->disagreements().empty());
    CHECK(record.warnings().empty());
    CHECK(map->usable() == RangeSet{{0x10000, 0x20000}, {0x30000, 0x80000}});
    CHECK(decided(record, "b agrees with a", ""));
  }

  TEST_CASE("a page that is not whole is no contradiction") {
    const FixedSource a("a", {ram(0x10800, 0x90800)});
    const FixedSource b("b", {ram(0x11000, 0x90000)});
    Record record;
    REQUIRE(discover({&a, &b}, record));
    CHECK(record.warnings().empty());
  }

  TEST_CASE("the tree and iomem of one machine agree") {
    TreeMaker maker = tree_with_memory();
    MapMachine machine = machine_with(maker.done());
    machine.files["/proc/iomem"] = virt_iomem;
    Record record;
    const auto map = kxf::discover_memory(machine, both, {}, record);
    REQUIRE(map);
    CHECK(record.warnings().empty());
    CHECK(map->ram() == RangeSet{{0x40000000, 0x80000000}});
    CHECK(map->crash_regions() == RangeSet{{0x70000000, 0x78000000}});
    CHECK(map->usable() == RangeSet{{0x40000000, 0x416a0000},
                                    {0x41b20000, 0x48000000},
                                    {0x48a00000, 0x70000000},
                                    {0x78000000, 0x80000000}});
    CHECK(decided(record, "RAM from dt", "dt, iomem"));
  }

  TEST_CASE("an unprivileged reader gets the tree's RAM without a warning") {
    MapMachine machine = machine_with(tree_with_memory().done());
    machine.files["/proc/iomem"] = "00000000-00000000 : System RAM\n";
    Record record;
    const auto map = kxf::discover_memory(machine, both, {}, record);
    REQUIRE(map);
    CHECK(map->usable() == RangeSet{{0x40000000, 0x80000000}});
    CHECK(record.warnings().empty());
    CHECK(decided(record, "no RAM from iomem", "run as root"));
  }

  TEST_CASE("when no source lists RAM, each one's reason is given") {
    const FixedSource a("a", {}, "nobody home");
    const FixedSource b("b", {reserved(0, 0x1000)});
    Record record;
    const auto map = discover({&a, &b}, record);
    REQUIRE(!map);
    CHECK(map.error().message == "no memory source lists RAM (a: nobody home; b: it lists no RAM)");
    CHECK(!map.error().remedy.empty());
    CHECK(discover({}, record).error().message == "no memory source is selected");
  }

  TEST_CASE("a source that fails is named") {
    Record record;
    const auto map = kxf::discover_memory(machine_with_iomem("bad\n"), both, {}, record);
    REQUIRE(!map);
    CHECK(map.error().message.starts_with("memory source iomem: /proc/iomem line 1: "));
  }

  TEST_CASE("usable memory is RAM that nothing forbids, for any findings") {
    CHECK(rc::check([] {
      constexpr std::array kinds{MemoryKind::ram, MemoryKind::reserved, MemoryKind::no_map,
                                 MemoryKind::crash_kernel, MemoryKind::running_kernel};
      std::vector<MemoryRange> ranges;
      const int count = *rc::gen::inRange(0, 20);
      for (int i = 0; i < count; ++i) {
        const auto page = *rc::gen::inRange<std::uint64_t>(0, 64);
        const auto pages = *rc::gen::inRange<std::uint64_t>(0, 16);
        ranges.push_back({Range::sized(page, pages), *rc::gen::elementOf(kinds), "", "a"});
      }
      const MemoryMap map(ranges, {});
      for (std::uint64_t at = 0; at < 80; ++at) {
        bool is_ram = false;
        bool forbidden = false;
        for (const MemoryRange& each : ranges) {
          if (!each.range.contains(at)) continue;
          is_ram = is_ram || each.kind == MemoryKind::ram;
          forbidden = forbidden ||
                      (each.kind != MemoryKind::ram && each.kind != MemoryKind::running_kernel);
        }
        const Range here{at, at + 1};
        RC_ASSERT(map.ram().contains(here) == is_ram);
        RC_ASSERT(map.usable().contains(here) == (is_ram && !forbidden));
        RC_ASSERT(map.blockers(here).empty() == !forbidden);
      }
    }));
  }
}

}  // namespace memory_test
