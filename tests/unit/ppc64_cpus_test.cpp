// SPDX-License-Identifier: Apache-2.0
#include "ppc64/cpus.hpp"

#include "ppc64_scene.hpp"

namespace ppc64_cpus_test {
namespace {

using kxf::CpuVerdict;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

constexpr std::size_t first_core = 0;
constexpr std::size_t second_core = 1;

/// What the method says of one core.
kxf::CpuAssessment assess(const MapMachine& machine, std::size_t core, bool in_next = true,
                          bool from_firmware = false) {
  const std::vector<kxf::CpuNode> all = kxf::cpu_nodes(*machine.tree);
  return kxf::ppc64::hold_loop().assess({all.at(core), in_next ? &all[core] : nullptr, all, machine,
                                         *machine.tree, std::nullopt, std::nullopt, false,
                                         from_firmware});
}

TreeMaker threaded_tree() {
  TreeMaker tree = lpar_tree();
  core(tree, "/cpus/PowerPC,POWER9@0", {0, 1, 2, 3});
  core(tree, "/cpus/PowerPC,POWER9@8", {8, 9, 10, 11});
  return tree;
}

/// Two cores of four threads; Linux counts them 0 to 7.
struct ThreadedMachine : PowerMachine {
  ThreadedMachine() : PowerMachine(threaded_tree()) {
    for (unsigned i = 0; i < 8; ++i)
      machine.files["/sys/devices/system/cpu/cpu" + std::to_string(i) + "/physical_id"] =
          std::to_string(i < 4 ? i : i + 4) + "\n";
    machine.files["/sys/devices/system/cpu/online"] = "0-7\n";
    machine.links.clear();
  }
};

}  // namespace

TEST_CASE("the method is for CPUs that name none") {
  CHECK(kxf::ppc64::hold_loop().handles("spin-0x60"));
  CHECK_FALSE(kxf::ppc64::hold_loop().handles(""));
  CHECK_FALSE(kxf::ppc64::hold_loop().handles("spin-table"));
  CHECK(kxf::ppc64::architecture().traits().enable_method == kxf::ppc64::hold_loop().name());
}

TEST_CASE("online CPUs go to the hold loop, on PowerNV back to OPAL") {
  const PowerMachine lpar(lpar_tree());
  for (const std::size_t core : {first_core, second_core}) {
    CHECK(assess(lpar.machine, core).verdict == CpuVerdict::ok);
    CHECK(contains(assess(lpar.machine, core).reason, "sends it to 0x60"));
  }
  const PowerMachine powernv(powernv_tree());
  CHECK(assess(powernv.machine, second_core).verdict == CpuVerdict::ok);
  CHECK(contains(assess(powernv.machine, second_core).reason, "back to OPAL"));
}

TEST_CASE("CPUs that no kernel has had yet are the firmware's, whatever became of them since") {
  PowerMachine power(powernv_tree());
  power.machine.files["/sys/devices/system/cpu/online"] = "0\n";
  CHECK(assess(power.machine, second_core).verdict == CpuVerdict::unknown);
  CHECK(assess(power.machine, second_core, true, true).verdict == CpuVerdict::ok);
  CHECK(contains(assess(power.machine, second_core, true, true).reason, "firmware keeps it"));
  const auto absent = assess(power.machine, first_core, false, true);
  CHECK(absent.verdict == CpuVerdict::unknown);
  CHECK(contains(absent.reason, "not in the next device tree"));
}

TEST_CASE("threads are known by their interrupt server numbers") {
  ThreadedMachine power;
  CHECK(assess(power.machine, first_core).verdict == CpuVerdict::ok);
  power.machine.files["/sys/devices/system/cpu/online"] = "0-4,7\n";
  CHECK(assess(power.machine, first_core).verdict == CpuVerdict::ok);
  const auto second = assess(power.machine, second_core);
  CHECK(second.verdict == CpuVerdict::unknown);
  CHECK(second.reason.starts_with("CPUs 5, 6 are offline: the running kernel wakes"));
  power.machine.files["/sys/devices/system/cpu/online"] = "0-6\n";
  CHECK(assess(power.machine, second_core).reason.starts_with("CPU 7 is offline"));
}

TEST_CASE("threads are found also when Linux does not count them in the order of the tree") {
  ThreadedMachine power;
  for (unsigned i = 0; i < 8; ++i)  // the second core comes first
    power.machine.files["/sys/devices/system/cpu/cpu" + std::to_string(i) + "/physical_id"] =
        std::to_string(i < 4 ? i + 8 : i - 4) + "\n";
  power.machine.files["/sys/devices/system/cpu/online"] = "0-6\n";
  CHECK(assess(power.machine, first_core).reason.starts_with("CPU 7 is offline"));
  CHECK(assess(power.machine, second_core).verdict == CpuVerdict::ok);
  CHECK(assess(power.machine, second_core, false).verdict == CpuVerdict::unsound);
}

TEST_CASE("a core that the kernel does not have is named absent") {
  PowerMachine power(lpar_tree());
  power.machine.files.erase("/sys/devices/system/cpu/cpu1/physical_id");
  power.machine.links.erase("/sys/devices/system/cpu/cpu1/of_node");
  CHECK(assess(power.machine, first_core).verdict == CpuVerdict::ok);
  const auto second = assess(power.machine, second_core);
  CHECK(second.verdict == CpuVerdict::unknown);
  CHECK(contains(second.reason, "/cpus/PowerPC,POWER9@8 is in the device tree and absent"));
}

TEST_CASE("a CPU that may be added later is not one that is offline") {
  ThreadedMachine power;
  power.machine.files["/sys/devices/system/cpu/online"] = "0-5\n";
  CHECK(assess(power.machine, second_core).reason.starts_with("CPUs 6, 7 are offline"));
  power.machine.files["/sys/devices/system/cpu/present"] = "0-5\n";
  CHECK(assess(power.machine, second_core).verdict == CpuVerdict::ok);
}

TEST_CASE("a machine that does not tell is not vouched for") {
  PowerMachine power(lpar_tree());
  power.machine.files.clear();
  CHECK(assess(power.machine, first_core).verdict == CpuVerdict::unknown);
}

TEST_CASE("without numbers, links to the tree tell which thread is whose") {
  PowerMachine power(lpar_tree());
  power.machine.files["/sys/devices/system/cpu/cpu0/physical_id"] = "";
  power.machine.files["/sys/devices/system/cpu/cpu1/physical_id"] = "";
  power.machine.files["/sys/devices/system/cpu/online"] = "0\n";
  CHECK(assess(power.machine, first_core).verdict == CpuVerdict::ok);
  CHECK(assess(power.machine, second_core).reason.starts_with("CPU 1 is offline"));
}

TEST_CASE("the core that makes the jump must be in the next tree") {
  ThreadedMachine power;
  const auto jumping = assess(power.machine, first_core, false);
  CHECK(jumping.verdict == CpuVerdict::unsound);
  CHECK(contains(jumping.reason, "CPU 0 makes the jump, and its core /cpus/PowerPC,POWER9@0"));
  CHECK(jumping.remedy == "use a device tree with /cpus/PowerPC,POWER9@0, or the running system's");
  CHECK(assess(power.machine, second_core, false).verdict == CpuVerdict::unknown);
  // another CPU was chosen for it
  power.machine.files["/sys/kernel/reboot/cpu"] = "6\n";
  CHECK(assess(power.machine, first_core, false).verdict == CpuVerdict::unknown);
  CHECK(assess(power.machine, second_core, false).verdict == CpuVerdict::unsound);
  // which is offline, so the kernel takes the first that is not
  power.machine.files["/sys/devices/system/cpu/online"] = "1-5\n";
  CHECK(kxf::ppc64::jumping_thread(power.machine)->logical == 1);
  CHECK(assess(power.machine, first_core, false).verdict == CpuVerdict::unsound);
}

}  // namespace ppc64_cpus_test
