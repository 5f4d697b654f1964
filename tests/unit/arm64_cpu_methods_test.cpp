// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "arm64/arm64.hpp"
#include "map_machine.hpp"

namespace {

using kxf::CpuVerdict;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

kxf::CpuAssessment psci_says(const kxf::DeviceTree& tree) {
  const MapMachine machine;
  const std::vector<kxf::CpuNode> all{{0, "/cpus/cpu@0", "psci", {}, {}}};
  return kxf::arm64::psci().assess({all[0], nullptr, all, machine, tree, true, 1});
}

kxf::CpuNode spinning(std::uint64_t id, std::optional<std::uint64_t> release) {
  return {id, "/cpus/cpu@" + std::to_string(id), "spin-table", release, {}};
}

kxf::CpuAssessment spin_table_says(const std::vector<kxf::CpuNode>& all,
                                   std::optional<unsigned> possible,
                                   const kxf::DeviceTree& tree = kxf_test::empty_tree()) {
  const MapMachine machine;
  return kxf::arm64::spin_table().assess(
      {all.back(), nullptr, all, machine, tree, std::nullopt, possible});
}

}  // namespace

TEST_CASE("PSCI hands a CPU over when the tree says how to call it") {
  CHECK(kxf::arm64::psci().handles("psci"));
  CHECK_FALSE(kxf::arm64::psci().handles("spin-table"));
  for (const char* compatible : {"arm,psci-0.2", "arm,psci-1.0"}) {
    CAPTURE(compatible);
    const auto verdict = psci_says(
        TreeMaker().text("/psci", "compatible", compatible).text("/psci", "method", "hvc").done());
    CHECK(verdict.verdict == CpuVerdict::ok);
    CHECK(verdict.reason == "PSCI by hvc: the firmware takes the CPU back and starts it again");
    CHECK(verdict.keep_out.empty());
  }
}

TEST_CASE("PSCI 0.1 needs the numbers of its functions") {
  TreeMaker maker;
  maker.text("/psci", "compatible", "arm,psci").text("/psci", "method", "smc");
  CHECK(psci_says(maker.done()).verdict == CpuVerdict::unsound);
  CHECK(psci_says(maker.done()).reason ==
        "/psci is PSCI 0.1 and names no cpu_off function: Linux cannot give the CPU back to the "
        "firmware");
  maker.cells("/psci", "cpu_off", {0x95c10001});
  CHECK(psci_says(maker.done()).reason.find("names no cpu_on function") != std::string::npos);
  maker.cells("/psci", "cpu_on", {0x95c10002});
  CHECK(psci_says(maker.done()).verdict == CpuVerdict::ok);
}

TEST_CASE("PSCI without a node, a method or an enabled node is unsound, with the reason") {
  CHECK(psci_says(kxf_test::empty_tree()).reason ==
        "its enable-method is psci, but the running tree has no node compatible with arm,psci");
  TreeMaker maker;
  maker.text("/psci", "compatible", "arm,psci-1.0");
  CHECK(psci_says(maker.done()).reason == "/psci has nothing as its method, not smc or hvc");
  maker.text("/psci", "method", "irq");
  CHECK(psci_says(maker.done()).reason == "/psci has \"irq\" as its method, not smc or hvc");
  maker.text("/psci", "method", "smc").text("/psci", "status", "disabled");
  CHECK(psci_says(maker.done()).reason == "/psci is disabled in the tree");
}

TEST_CASE("spin-table CPUs cannot be taken back: the reason and the remedy are named") {
  const auto verdict = spin_table_says({spinning(0, 0xd8), spinning(1, 0xe0)}, 2);
  CHECK(verdict.verdict == CpuVerdict::unsound);
  CHECK(verdict.reason ==
        "Linux cannot take a spin-table CPU back: with 2 possible CPUs kexec_load answers EBUSY; "
        "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help)");
  CHECK(verdict.keep_out == std::vector<kxf::Range>{{0, 0x1000}});
}

TEST_CASE("a spin-table CPU that was never started is handed over where its pen is reserved") {
  const std::vector<kxf::CpuNode> all{spinning(0, 0xd8), spinning(1, 0x8000e0)};
  SUBCASE("by /memreserve/") {
    const auto verdict = spin_table_says(all, 1, TreeMaker().reserve({0x800000, 0x801000}).done());
    CHECK(verdict.verdict == CpuVerdict::ok);
    CHECK(verdict.keep_out == std::vector<kxf::Range>{{0x800000, 0x801000}});
  }
  SUBCASE("by a reserved-memory node") {
    const auto verdict =
        spin_table_says(all, 1,
                        TreeMaker()
                            .cells("/", "#address-cells", {2})
                            .cells("/", "#size-cells", {2})
                            .cells("/reserved-memory", "#address-cells", {2})
                            .cells("/reserved-memory", "#size-cells", {2})
                            .flag("/reserved-memory", "ranges")
                            .cells("/reserved-memory/pen@800000", "reg", {0, 0x800000, 0, 0x1000})
                            .done());
    CHECK(verdict.verdict == CpuVerdict::ok);
  }
  SUBCASE("by nothing: where the pen lies is not known") {
    const auto verdict = spin_table_says(all, 1);
    CHECK(verdict.verdict == CpuVerdict::unknown);
    CHECK(verdict.reason.find("reserves nothing around its release word 0x8000e0") !=
          std::string::npos);
    CHECK(verdict.keep_out.size() == 1);
  }
}

TEST_CASE("a spin-table CPU without a release address, or with another's, is unsound") {
  const auto missing = spin_table_says({spinning(0, 0xd8), spinning(1, std::nullopt)}, 1);
  CHECK(missing.verdict == CpuVerdict::unsound);
  CHECK(missing.reason == "/cpus/cpu@1 has no cpu-release-addr: nothing can start it");
  CHECK(missing.keep_out.empty());

  const auto shared = spin_table_says({spinning(0, 0x8000fff8), spinning(1, 0x8000fff8)}, 1);
  CHECK(shared.verdict == CpuVerdict::unsound);
  CHECK(shared.reason.starts_with(
      "/cpus/cpu@1 and /cpus/cpu@0 have the same cpu-release-addr 0x8000fff8"));
  CHECK(shared.keep_out == std::vector<kxf::Range>{{0x8000f000, 0x80010000}});
}

TEST_CASE("how many spin-table CPUs are possible may not be known") {
  const std::vector<kxf::CpuNode> two{spinning(0, 0xd8), spinning(1, 0xe0)};
  CHECK(spin_table_says(two, std::nullopt).verdict == CpuVerdict::unknown);
  // a tree with one CPU answers it
  const auto tree = TreeMaker().reserve({0, 0x1000}).done();
  CHECK(spin_table_says({spinning(0, 0xd8)}, std::nullopt, tree).verdict == CpuVerdict::ok);
}

TEST_CASE("a release word at the end of a page keeps both pages that it is on") {
  const auto verdict = spin_table_says({spinning(0, 0x1ffc)}, 2);
  CHECK(verdict.keep_out == std::vector<kxf::Range>{{0x1000, 0x3000}});
}
