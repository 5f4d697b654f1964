// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "arm64/arm64.hpp"
#include "map_machine.hpp"

namespace arm64_gic_check_test {
namespace {

using kxf_test::MapMachine;
using kxf_test::TreeMaker;

TreeMaker tree_with_its() {
  return TreeMaker()
      .text("/intc@8000000", "compatible", "arm,gic-v3")
      .text("/intc@8000000/its@8080000", "compatible", "arm,gic-v3-its")
      .text("/cpus/cpu@0", "device_type", "cpu")
      .cells("/cpus", "#address-cells", {1})
      .cells("/cpus", "#size-cells", {0})
      .cells("/cpus/cpu@0", "reg", {0});
}

/// A plan that loads one page at 0x40400000; memory is 0x40000000-0x80000000.
kxf::LoadPlan plan_with(const std::vector<kxf::Range>& reserved = {}, bool crash = false) {
  kxf::PlanParts parts;
  parts.arch = "arm64";
  parts.page_size_bytes = 4096;
  parts.crash = crash;
  parts.entry = 0x40400000;
  parts.segments = {{"kernel", kxf::Blob(kxf::ByteVector(100)), {0x40400000, 0x40401000}}};
  std::vector<kxf::MemoryRange> ranges{
      {{0x40000000, 0x80000000}, kxf::MemoryKind::ram, "System RAM", "iomem"}};
  if (crash)
    ranges.push_back(
        {{0x40400000, 0x44400000}, kxf::MemoryKind::crash_kernel, "Crash kernel", "iomem"});
  for (const kxf::Range& range : reserved)
    ranges.push_back({range, kxf::MemoryKind::reserved, "LPI tables", "profile"});
  parts.memory = kxf::MemoryMap(ranges, {});
  auto plan = kxf::LoadPlan::make(std::move(parts));
  REQUIRE_MESSAGE(plan.has_value(), (plan ? "" : plan.error().message));
  return *plan;
}

std::vector<kxf::BoardFinding> findings(const MapMachine& machine, const kxf::LoadPlan& plan) {
  return kxf::arm64::gic_check().check(machine, plan);
}

constexpr const char* boot_log =
    "GICv3: using LPI property table @0x00000000425b0000\n"
    "GICv3: CPU0: using allocated LPI pending table @0x00000000425c0000\n";

kxf::MemoryFindings discovered(const MapMachine& machine) {
  kxf::Record record;
  return kxf::arm64::lpi_source().discover(machine, record).value();
}

std::vector<kxf::Range> ranges_of(const kxf::MemoryFindings& found) {
  std::vector<kxf::Range> ranges;
  for (const kxf::MemoryRange& range : found.ranges) ranges.push_back(range.range);
  return ranges;
}

TreeMaker tree_with_two_cpus() {
  return tree_with_its().text("/cpus/cpu@1", "device_type", "cpu").cells("/cpus/cpu@1", "reg", {1});
}

/// What the architecture says when the profile demands that all tables are known.
kxf::Result<kxf::KernelSpec> adapted(const MapMachine& machine, const char* setting, bool crash) {
  kxf::KernelSpec kernel;
  kernel.machine = "aarch64";
  const kxf::MemoryMap memory;
  const kxf::Settings settings{{"lpi-tables", setting}};
  kxf::Record record;
  return kxf::arm64::architecture().adapt_kernel({machine, kernel, memory, settings, crash},
                                                 record);
}

}  // namespace

TEST_CASE("LPI tables are found in the boot log, kept out of and handed over") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  machine.files["/kxf-boot-log"] = boot_log;
  const auto found = discovered(machine);
  CHECK(kxf::arm64::lpi_source().reservations_only());
  CHECK(ranges_of(found) ==
        std::vector<kxf::Range>{{0x425b0000, 0x425c0000}, {0x425c0000, 0x425d0000}});
  for (const kxf::MemoryRange& range : found.ranges) {
    CHECK(range.kind == kxf::MemoryKind::reserved);
    CHECK(range.hand_over);
  }
  CHECK(found.ranges[0].label == "GICv3 LPI property table");
  CHECK(found.ranges[1].label == "GICv3 LPI pending table of CPU 0");
}

TEST_CASE("a kernel that took over the tables of the one before calls them reserved") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  machine.files["/kxf-boot-log"] =
      "GICv3: Using preallocated redistributor tables\n"
      "GICv3: using LPI property table @0x00000000425b0000\n"
      "GICv3: CPU0: using reserved LPI pending table @0x00000000425c0000\n";
  CHECK(discovered(machine).ranges.size() == 2);
}

TEST_CASE("a line that is no address of a table counts for nothing") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  for (const char* address :
       {"", "0x", "0x0", "0x425b0001", "0xffffffffffff0000", "zzz", "0x1425b00000000000000000"}) {
    CAPTURE(address);
    machine.files["/kxf-boot-log"] =
        std::string("GICv3: using LPI property table @") + address + "\n";
    CHECK(discovered(machine).ranges.empty());
    CHECK(findings(machine, plan_with()).size() == 1);
  }
}

TEST_CASE("without an ITS, or with EFI, the boot log says nothing of interest") {
  MapMachine machine;
  machine.files["/kxf-boot-log"] = boot_log;
  CHECK(discovered(machine).ranges.empty());
  machine.tree = tree_with_its().u64("/chosen", "linux,uefi-system-table", 0x1000).done();
  CHECK(discovered(machine).ranges.empty());
}

TEST_CASE("a boot log that is gone is a warning with a remedy") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  const auto found = findings(machine, plan_with());
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == "gic-its-without-efi");
  CHECK_FALSE(found[0].refuse);
  CHECK(found[0].text.find("not known: the boot log (") != std::string::npos);
  CHECK(found[0].remedy.find("load as root") != std::string::npos);
}

TEST_CASE("tables that the boot log does not tell of stay a warning") {
  MapMachine machine;
  machine.tree = tree_with_two_cpus().done();
  machine.files["/kxf-boot-log"] = boot_log;  // the second CPU's line was lost
  const auto plan = plan_with({{0x425b0000, 0x425d0000}});
  const auto found = findings(machine, plan);
  REQUIRE(found.size() == 1);
  CHECK(found[0].text.ends_with("not known: the pending table of CPU 1"));
  // a CPU that never came up has no table
  machine.files["/sys/devices/system/cpu/online"] = "0\n";
  CHECK(findings(machine, plan).empty());
  machine.files["/sys/devices/system/cpu/online"] = "0-5,8\n";
  CHECK(findings(machine, plan)[0].text.ends_with(
      "not known: the pending tables of 6 CPUs, CPU 1 first"));
}

TEST_CASE("a profile may demand that all tables are known") {
  MapMachine machine;
  machine.tree = tree_with_two_cpus().done();
  machine.files["/kxf-boot-log"] = boot_log;
  CHECK(adapted(machine, "auto", false));
  CHECK(adapted(machine, "required", true));
  const auto refused = adapted(machine, "required", false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the pending table of CPU 1") != std::string::npos);
  machine.files["/sys/devices/system/cpu/online"] = "0\n";
  CHECK(adapted(machine, "required", false));
  CHECK(adapted(machine, "perhaps", false).error().message ==
        "setting lpi-tables of the architecture arm64 is \"perhaps\"");
  machine.tree = TreeMaker().done();
  CHECK(adapted(machine, "required", false));
}

TEST_CASE("no ITS, EFI, a disabled ITS and a crash kernel need no warning") {
  MapMachine machine;
  CHECK(findings(machine, plan_with()).empty());
  machine.tree = TreeMaker().text("/intc@8000000", "compatible", "arm,gic-v3").done();
  CHECK(findings(machine, plan_with()).empty());
  machine.tree = tree_with_its().u64("/chosen", "linux,uefi-system-table", 0x1000).done();
  CHECK(findings(machine, plan_with()).empty());
  machine.tree = tree_with_its().text("/intc@8000000/its@8080000", "status", "disabled").done();
  CHECK(findings(machine, plan_with()).empty());
  machine.tree = tree_with_its().text("/intc@8000000", "status", "disabled").done();
  CHECK(findings(machine, plan_with()).empty());
  machine.tree = tree_with_its().done();
  CHECK(findings(machine, plan_with({}, true)).empty());
}

}  // namespace arm64_gic_check_test
