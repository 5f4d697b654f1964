// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "arm64/arm64.hpp"
#include "map_machine.hpp"

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

}  // namespace

TEST_CASE("an ITS without EFI is a warning with a remedy") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  const auto found = findings(machine, plan_with());
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == "gic-its-without-efi");
  CHECK_FALSE(found[0].refuse);
  CHECK(found[0].remedy.find("LPI property table @") != std::string::npos);
}

TEST_CASE("the boot log makes the remedy exact, and reserving the tables ends the warning") {
  MapMachine machine;
  machine.tree = tree_with_its().done();
  machine.files["/kxf-boot-log"] = boot_log;
  const auto found = findings(machine, plan_with());
  REQUIRE(found.size() == 1);
  CHECK(found[0].remedy ==
        "boot the running kernel with EFI, or reserve with [[memory.reserve]]: "
        "0x425b0000-0x425bffff, 0x425c0000-0x425cffff");
  CHECK(findings(machine, plan_with({{0x425b0000, 0x425c0000}})).size() == 1);
  CHECK(findings(machine, plan_with({{0x425b0000, 0x425d0000}})).empty());
}

TEST_CASE("tables that the boot log does not tell of stay a warning") {
  MapMachine machine;
  machine.tree = tree_with_its()
                     .text("/cpus/cpu@1", "device_type", "cpu")
                     .cells("/cpus/cpu@1", "reg", {1})
                     .done();
  machine.files["/kxf-boot-log"] = boot_log;  // the second CPU's line was lost
  CHECK(findings(machine, plan_with({{0x425b0000, 0x425d0000}})).size() == 1);
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
