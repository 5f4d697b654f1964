// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "arm64/arm64.hpp"
#include "map_machine.hpp"

namespace arm64_cpu_methods_test {
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
                                   const kxf::DeviceTree& tree = kxf_test::empty_tree(),
                                   bool kernel_returns_cpus = false) {
  const MapMachine machine;
  return kxf::arm64::spin_table().assess(
      {all.back(), nullptr, all, machine, tree, std::nullopt, possible, kernel_returns_cpus});
}

kxf::CpuNode returning(std::uint64_t id, std::uint64_t release, std::uint64_t back) {
  kxf::CpuNode cpu = spinning(id, release);
  cpu.return_address = back;
  return cpu;
}

/// An ACPI table of this size, zeros behind the header.
std::string acpi_table(std::string_view signature, std::size_t size) {
  std::string table(size, '\0');
  table.replace(0, 4, signature);
  table[4] = static_cast<char>(size & 0xffU);
  table[5] = static_cast<char>(size >> 8U);
  return table;
}

std::string fadt(char arm_boot_flags) {
  std::string table = acpi_table("FACP", 276);
  table[129] = arm_boot_flags;
  return table;
}

/// A MADT with GICC structures of these parked addresses; 0: none.
std::string madt(const std::vector<unsigned char>& parked, char version = 1, char flags = 1) {
  constexpr std::size_t gicc = 80;
  std::string table = acpi_table("APIC", 44 + gicc * parked.size());
  for (std::size_t i = 0; i < parked.size(); ++i) {
    const std::size_t at = 44 + gicc * i;
    table[at] = 0x0b;
    table[at + 1] = gicc;
    table[at + 12] = flags;
    table[at + 16] = version;
    table[at + 25] = static_cast<char>(parked[i]);  // second byte: a multiple of 256
  }
  return table;
}

std::optional<kxf::CpuAssessment> by_acpi(const kxf::CpuEnableMethod& method,
                                          const MapMachine& machine,
                                          std::optional<unsigned> possible = 4,
                                          bool kernel_returns_cpus = false) {
  return method.assess_firmware({machine, possible, kernel_returns_cpus});
}

TreeMaker tree_with_memory(std::uint32_t start, std::uint32_t size) {
  return TreeMaker()
      .cells("/", "#address-cells", {2})
      .cells("/", "#size-cells", {2})
      .text("/memory@0", "device_type", "memory")
      .cells("/memory@0", "reg", {0, start, 0, size});
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
        "Linux cannot take a spin-table CPU back: with 2 possible CPUs kexec_load answers EBUSY");
  CHECK(verdict.remedy.starts_with(
      "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help), give the firmware "
      "PSCI"));
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

  const std::vector<kxf::CpuNode> sharing{spinning(0, 0x8000fff8), spinning(1, 0x8000fff8)};
  for (const std::optional<unsigned> possible : {std::optional<unsigned>{}, std::optional(2U)}) {
    const auto shared = spin_table_says(sharing, possible);
    CHECK(shared.verdict == CpuVerdict::unsound);
    CHECK(shared.reason.starts_with(
        "/cpus/cpu@1 and /cpus/cpu@0 have the same cpu-release-addr 0x8000fff8"));
    CHECK(shared.remedy.find("nr_cpus=1") != std::string::npos);
    CHECK(shared.keep_out == std::vector<kxf::Range>{{0x8000f000, 0x80010000}});
  }
  // not even a kernel that returns CPUs helps there
  CHECK(spin_table_says({returning(0, 0x1000, 0x1008), returning(1, 0x1000, 0x1010)}, 2,
                        kxf_test::empty_tree(), true)
            .verdict == CpuVerdict::unsound);
}

TEST_CASE("a shared release address is harmless where no CPU was ever started") {
  const auto verdict = spin_table_says({spinning(0, 0x8000fff8), spinning(1, 0x8000fff8)}, 1,
                                       TreeMaker().reserve({0x80000000, 0x80010000}).done());
  CHECK(verdict.verdict == CpuVerdict::ok);
  CHECK(verdict.warning.empty());
}

TEST_CASE("a return address is believed, and used only by a kernel that the profile vouches for") {
  const auto tree = TreeMaker().reserve({0, 0x3000}).done();
  const std::vector<kxf::CpuNode> both{returning(0, 0x1000, 0x2000), returning(1, 0x1008, 0x2000)};
  const auto vouched = spin_table_says(both, 2, tree, true);
  CHECK(vouched.verdict == CpuVerdict::ok);
  CHECK(vouched.reason ==
        "the running kernel returns it to 0x2000 before the jump, as the profile says");
  CHECK(vouched.keep_out == std::vector<kxf::Range>{{0x1000, 0x2000}, {0x2000, 0x3000}});
  CHECK(vouched.warning.empty());

  const auto plain = spin_table_says(both, 2, tree);
  CHECK(plain.verdict == CpuVerdict::unsound);
  CHECK(plain.reason.find("which the profile does not say") != std::string::npos);
  CHECK(plain.remedy.find("cpus.kernel-returns-cpus") != std::string::npos);

  const auto nowhere = spin_table_says({spinning(0, 0x1000), spinning(1, 0x1008)}, 2, tree, true);
  CHECK(nowhere.verdict == CpuVerdict::unsound);
  CHECK(nowhere.reason ==
        "the profile says that the running kernel returns CPUs, but /cpus/cpu@1 has no "
        "cpu-return-addr to return to");
}

TEST_CASE("what nobody reserves around release word and return address is a warning") {
  const std::vector<kxf::CpuNode> both{returning(0, 0x1000, 0x2000), returning(1, 0x1008, 0x2010)};
  const auto bare = spin_table_says(both, 1);
  CHECK(bare.verdict == CpuVerdict::unknown);
  CHECK(
      bare.warning.starts_with("the tree reserves nothing around cpu-release-addr 0x1008 and "
                               "cpu-return-addr 0x2010: those pages are kept out"));
  const auto half = spin_table_says(both, 1, TreeMaker().reserve({0x1000, 0x2000}).done());
  CHECK(half.warning.starts_with("the tree reserves nothing around cpu-return-addr 0x2010"));
  // whatever the verdict, and with no-map memory as with any other reservation
  CHECK_FALSE(spin_table_says(both, 2).warning.empty());
  const auto no_map = tree_with_memory(0, 0x40000000)
                          .cells("/reserved-memory", "#address-cells", {2})
                          .cells("/reserved-memory", "#size-cells", {2})
                          .flag("/reserved-memory", "ranges")
                          .flag("/reserved-memory/pen@0", "no-map")
                          .cells("/reserved-memory/pen@0", "reg", {0, 0, 0, 0x3000})
                          .done();
  CHECK(spin_table_says(both, 1, no_map).warning.empty());
  CHECK_FALSE(spin_table_says(both, 1, tree_with_memory(0, 0x40000000).done()).warning.empty());
  // registers of a device need no reservation
  CHECK(spin_table_says(both, 1, tree_with_memory(0x40000000, 0x40000000).done()).warning.empty());
}

TEST_CASE("a release address at the end of the address space wraps around nothing") {
  const auto verdict = spin_table_says({spinning(0, UINT64_MAX - 3)}, 2);
  REQUIRE(verdict.keep_out.size() == 1);
  CHECK(verdict.keep_out[0].start == UINT64_MAX - 0xfff);
  CHECK(verdict.keep_out[0].start < verdict.keep_out[0].end);
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

TEST_CASE("ACPI says by the FADT that CPUs are started by PSCI") {
  MapMachine machine;
  const auto& psci = kxf::arm64::psci();
  CHECK_FALSE(by_acpi(psci, machine));
  auto& file = machine.files["/sys/firmware/acpi/tables/FACP"];
  file = fadt(3);
  REQUIRE(by_acpi(psci, machine));
  CHECK(by_acpi(psci, machine)->verdict == CpuVerdict::ok);
  CHECK(by_acpi(psci, machine)->reason ==
        "PSCI by hvc (ACPI FADT): the firmware takes the CPU back and starts it again");
  file = fadt(1);
  CHECK(by_acpi(psci, machine)->reason.starts_with("PSCI by smc"));
  for (const std::string& none :
       {fadt(2), fadt(0), fadt(3).substr(0, 130), std::string("FACP"), acpi_table("FACP", 116),
        acpi_table("APIC", 276), std::string()}) {
    file = none;
    CHECK_FALSE(by_acpi(psci, machine));
  }
}

TEST_CASE("ACPI says by the MADT that CPUs are parked") {
  MapMachine machine;
  const auto& parking = kxf::arm64::parking();
  CHECK_FALSE(by_acpi(parking, machine));
  auto& file = machine.files["/sys/firmware/acpi/tables/APIC"];
  file = madt({0x10, 0x20, 0x30, 0x40});
  const auto stuck = by_acpi(parking, machine);
  REQUIRE(stuck);
  CHECK(stuck->verdict == CpuVerdict::unsound);
  CHECK(stuck->reason ==
        "Linux cannot take back a CPU of the ACPI parking protocol: with 4 possible CPUs "
        "kexec_load answers EBUSY");
  CHECK(stuck->remedy.starts_with("boot the running kernel with nr_cpus=1"));
  CHECK(by_acpi(parking, machine, 1)->verdict == CpuVerdict::ok);
  CHECK(by_acpi(parking, machine, std::nullopt)->verdict == CpuVerdict::unknown);
  CHECK(by_acpi(parking, machine, 4, true)->verdict == CpuVerdict::ok);

  // Linux prefers PSCI where there are both
  machine.files["/sys/firmware/acpi/tables/FACP"] = fadt(1);
  CHECK_FALSE(by_acpi(parking, machine));
  machine.files["/sys/firmware/acpi/tables/FACP"] = fadt(0);
  CHECK(by_acpi(parking, machine));

  std::string endless = madt({0x10});
  endless[45] = 0;
  for (const std::string& none : {madt({0, 0}), madt({0x10}, 0), madt({0x10}, 1, 0), endless,
                                  madt({0x10}).substr(0, 60), std::string("APIC")}) {
    file = none;
    CHECK_FALSE(by_acpi(parking, machine));
  }
}

TEST_CASE("where firmware starts the next kernel, no kernel has had a CPU before") {
  const MapMachine machine;
  const auto judge = [&](const kxf::CpuEnableMethod& method, const std::vector<kxf::CpuNode>& all,
                         const kxf::DeviceTree& tree) {
    return method.assess({all.back(), nullptr, all, machine, tree, std::nullopt, 4U, false, true});
  };
  const kxf::DeviceTree reserved = TreeMaker().reserve({0x1000, 0x2000}).done();
  const auto spin =
      judge(kxf::arm64::spin_table(), {spinning(0, 0x1000), spinning(1, 0x1008)}, reserved);
  CHECK(spin.verdict == CpuVerdict::ok);
  CHECK(spin.reason.starts_with("no kernel has started it"));
  CHECK(spin.keep_out == std::vector<kxf::Range>{{0x1000, 0x2000}});
  // One word for all is as good as on power-on.
  CHECK(judge(kxf::arm64::spin_table(), {spinning(0, 0x1000), spinning(1, 0x1000)}, reserved)
            .verdict == CpuVerdict::ok);
  CHECK(judge(kxf::arm64::spin_table(), {spinning(0, 0x1000), spinning(1, {})}, reserved).verdict ==
        CpuVerdict::unsound);

  const auto psci = [](bool on) {
    TreeMaker tree;
    tree.text("/psci", "compatible", "arm,psci").text("/psci", "method", "smc");
    if (on) tree.cells("/psci", "cpu_on", {3});
    return tree.done();
  };
  const std::vector<kxf::CpuNode> one{{0, "/cpus/cpu@0", "psci", {}, {}}};
  CHECK(judge(kxf::arm64::psci(), one, psci(true)).verdict == CpuVerdict::ok);
  CHECK(judge(kxf::arm64::psci(), one, psci(false)).verdict == CpuVerdict::unsound);

  MapMachine parked;
  parked.files["/sys/firmware/acpi/tables/FACP"] = fadt(0);
  parked.files["/sys/firmware/acpi/tables/APIC"] = madt({1, 2});
  const auto by_mailbox = kxf::arm64::parking().assess_firmware({parked, 4U, false, true});
  REQUIRE(by_mailbox);
  CHECK(by_mailbox->verdict == CpuVerdict::ok);
}

}  // namespace arm64_cpu_methods_test
