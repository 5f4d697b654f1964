// SPDX-License-Identifier: Apache-2.0
#include "plan/cpu_report.hpp"

#include <doctest/doctest.h>

#include "fake_registry.hpp"
#include "map_machine.hpp"

namespace cpu_report_test {
namespace {

using kxf::CpuVerdict;
using kxf::DeviceTree;
using kxf::OnMismatch;
using kxf::Policy;
using kxf::Record;
using kxf_test::contains;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

/// A tree with one CPU per enable method; an empty one has none of its own.
TreeMaker tree_with(const std::vector<std::string>& methods) {
  TreeMaker tree;
  tree.cells("/cpus", "#address-cells", {1}).cells("/cpus", "#size-cells", {0});
  // A new node comes in front of its siblings: the last one first.
  for (std::size_t id = methods.size(); id-- > 0;) {
    const std::string path = fmt::format("/cpus/cpu@{:x}", id);
    tree.text(path, "device_type", "cpu").cells(path, "reg", {static_cast<std::uint32_t>(id)});
    if (!methods[id].empty()) tree.text(path, "enable-method", methods[id]);
  }
  return tree;
}

struct Scene {
  MapMachine machine{};
  Policy policy{};
  kxf::Registry registry = kxf_test::fake_registry();
  Record record{};

  kxf::Result<kxf::CpuReport> report(const DeviceTree& running, const DeviceTree& next) {
    return report_cpus(machine, &running, next, "", registry, policy, record);
  }
  kxf::CpuReport same(const std::vector<std::string>& methods) {
    const DeviceTree tree = tree_with(methods).done();
    return report(tree, tree).value();
  }
  void on_mismatch(OnMismatch answer) { policy.cpu_mismatch = {answer, "board.toml:9:1"}; }
};

}  // namespace

TEST_CASE("cpus: a tree without CPUs gives an empty report and no warning") {
  Scene scene;
  const kxf::CpuReport report = scene.same({});
  CHECK(report.cpus.empty());
  CHECK(report.verdict == CpuVerdict::unknown);
  CHECK(report.reason == "the device tree describes no CPUs");
  CHECK(scene.record.warnings().empty());
  const auto without_tree = report_cpus(scene.machine, nullptr, tree_with({"good"}).done(), "",
                                        scene.registry, scene.policy, scene.record);
  REQUIRE(without_tree);
  CHECK(without_tree->cpus.empty());
}

TEST_CASE("cpus: the report's verdict is the worst, with its reason") {
  Scene scene;
  CHECK(scene.same({"good", "good"}).verdict == CpuVerdict::ok);
  CHECK(scene.same({"good", "hazy"}).verdict == CpuVerdict::unknown);
  const kxf::CpuReport worst = scene.same({"hazy", "bad", "good"});
  CHECK(worst.verdict == CpuVerdict::unsound);
  CHECK(worst.reason == "bad says so");
  CHECK(kxf_test::decided(scene.record, "cpus", "unsound") == "unsound (bad says so)");
}

TEST_CASE("cpus: unsound ones are refused, except for a crash load") {
  Scene scene;
  const kxf::CpuReport report = scene.same({"good", "bad"});
  const auto refused = check_cpus(report, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "CPU 0x1 cannot be handed to the next kernel: bad says so");
  CHECK(check_cpus(report, true));
  CHECK(check_cpus(scene.same({"hazy"}), false));
}

TEST_CASE("cpus: logical numbers and online state come from sysfs by way of of_node") {
  Scene scene;
  scene.machine.files = {{"/sys/devices/system/cpu/online", "0,2-3\n"},
                         {"/sys/devices/system/cpu/cpu0/online", "1"},
                         {"/sys/devices/system/cpu/cpu1/online", "0"},
                         {"/sys/devices/system/cpu/cpu2/online", "1"},
                         {"/sys/devices/system/cpu/cpufreq/policy0", ""},
                         {"/sys/devices/system/cpu/cpu9x/online", "1"}};
  const auto node = [](int cpu) {
    return fmt::format("../../../../firmware/devicetree/base/cpus/cpu@{}", cpu);
  };
  // Linux numbers them in another order than the tree.
  scene.machine.links = {{"/sys/devices/system/cpu/cpu0/of_node", node(2)},
                         {"/sys/devices/system/cpu/cpu1/of_node", node(1)},
                         {"/sys/devices/system/cpu/cpu2/of_node", node(0)},
                         {"/sys/devices/system/cpu/cpu9x/of_node", node(3)}};
  const kxf::CpuReport report = scene.same({"good", "good", "good", "good"});
  REQUIRE(report.cpus.size() == 4);
  CHECK(report.cpus[0].logical_id == 2U);
  CHECK(report.cpus[1].logical_id == 1U);
  CHECK(report.cpus[2].logical_id == 0U);
  CHECK(report.cpus[0].online == true);
  CHECK(report.cpus[1].online == false);
  CHECK(report.cpus[2].online == true);
  CHECK_FALSE(report.cpus[3].logical_id);
  CHECK_FALSE(report.cpus[3].online);
}

TEST_CASE("cpus: a damaged list of CPUs neither hangs nor counts") {
  Scene scene;
  for (const char* text : {"", "0-4294967295", "3-", "-3", "a-b", "5-2", ",,,", "0-99999999999"}) {
    CAPTURE(text);
    scene.machine.files["/sys/devices/system/cpu/online"] = text;
    scene.machine.links["/sys/devices/system/cpu/cpu0/of_node"] = "x/devicetree/base/cpus/cpu@0";
    scene.machine.files["/sys/devices/system/cpu/cpu0/online"] = "1";
    const kxf::CpuReport report = scene.same({"good"});
    CHECK(report.cpus[0].logical_id == 0U);
    CHECK(report.cpus[0].online == false);
  }
}

TEST_CASE("cpus: each mismatch between the trees or with the profile is named") {
  struct Row {
    std::string what;
    std::string said;
    DeviceTree running;
    DeviceTree next;
    std::vector<std::string> allowed;
  };
  const DeviceTree two = tree_with({"good", "good"}).done();
  const auto release = [](std::uint64_t address) {
    TreeMaker tree = tree_with({"good"});
    tree.u64("/cpus/cpu@0", "cpu-release-addr", address);
    return tree.done();
  };
  const auto comes_back = [](std::uint64_t address) {
    TreeMaker tree = tree_with({"good"});
    tree.u64("/cpus/cpu@0", "cpu-return-addr", address);
    return tree.done();
  };
  const std::vector<Row> rows = {
      {"a CPU is missing",
       "CPU 0x1 (/cpus/cpu@1): it is not in the next device tree",
       two,
       tree_with({"good"}).done(),
       {}},
      {"another method",
       "CPU 0x1 (/cpus/cpu@1): its enable method is \"good\" now and \"hazy\" in the next device "
       "tree",
       two,
       tree_with({"good", "hazy"}).done(),
       {}},
      {"another release address",
       "CPU 0x0 (/cpus/cpu@0): its cpu-release-addr differs in the next device tree",
       release(0x1000),
       release(0x1008),
       {}},
      {"another return address",
       "CPU 0x0 (/cpus/cpu@0): its cpu-return-addr differs in the next device tree",
       comes_back(0x1000),
       comes_back(0x1008),
       {}},
      {"no method",
       "CPU 0x1 (/cpus/cpu@1): it has no enable method",
       tree_with({"good", ""}).done(),
       tree_with({"good", ""}).done(),
       {}},
      {"an unknown method",
       "CPU 0x0 (/cpus/cpu@0): no plugin knows the enable method \"strange\"",
       tree_with({"strange"}).done(),
       tree_with({"strange"}).done(),
       {}},
      {"a method that the profile does not allow",
       "CPU 0x0 (/cpus/cpu@0): the enable method \"good\" is not allowed by board.toml:8:1 (and 1 "
       "more CPUs are in doubt)",
       two,
       two,
       {"hazy"}}};
  for (const Row& row : rows) {
    CAPTURE(row.what);
    Scene scene;
    scene.policy.cpu_methods = {row.allowed, row.allowed.empty() ? "default" : "board.toml:8:1"};
    REQUIRE(scene.report(row.running, row.next));
    CHECK(kxf_test::warned(scene.record, "cpu-mismatch") == row.said);

    scene.on_mismatch(OnMismatch::refuse);
    const auto refused = scene.report(row.running, row.next);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == row.said);
    CHECK(contains(refused.error().remedy, "board.toml:9:1"));

    scene.on_mismatch(OnMismatch::ignore);
    scene.record = {};
    CHECK(scene.report(row.running, row.next));
    CHECK(scene.record.warnings().empty());
  }
}

TEST_CASE("cpus: what no plugin knows is unknown, with the reason, and not sound") {
  Scene scene;
  const kxf::CpuReport report = scene.same({"good", "strange"});
  CHECK(report.verdict == CpuVerdict::unknown);
  CHECK(report.cpus[1].assessment.reason == "no plugin knows the enable method \"strange\"");
}

TEST_CASE("cpus: they are matched by hardware id, not by position or name") {
  Scene scene;
  TreeMaker next;
  next.cells("/cpus", "#address-cells", {2}).cells("/cpus", "#size-cells", {0});
  for (const std::uint32_t id : {1U, 0U}) {
    const std::string path = fmt::format("/cpus/cpu@{}00", id);
    next.text(path, "device_type", "cpu").cells(path, "reg", {0, id});
    next.text(path, "enable-method", "good");
  }
  REQUIRE(scene.report(tree_with({"good", "good"}).done(), next.done()));
  CHECK(scene.record.warnings().empty());
}

TEST_CASE("cpus: a lone CPU needs no enable method, it makes the jump itself") {
  Scene scene;
  const kxf::CpuReport report = scene.same({""});
  CHECK(report.verdict == CpuVerdict::ok);
  CHECK(report.reason == "the only CPU: it makes the jump itself");
  CHECK(scene.record.warnings().empty());
}

TEST_CASE("cpus: what methods warn of is said once") {
  Scene scene;
  (void)scene.same({"wary", "good", "wary"});
  CHECK(kxf_test::warned(scene.record, "cpu-memory") ==
        "CPU 0x0 (/cpus/cpu@0): wary warns (and 1 more CPUs)");
}

TEST_CASE("cpus: a kernel that cannot take any of its CPUs down answers EBUSY") {
  Scene scene;
  auto& files = scene.machine.files;
  CHECK_FALSE(cpus_stuck(scene.machine));
  files = {{"/sys/devices/system/cpu/possible", "0-3\n"},
           {"/sys/devices/system/cpu/cpu0/crash_notes", "0"},
           {"/sys/devices/system/cpu/cpu1/crash_notes", "0"},
           {"/sys/devices/system/cpu/cpufreq/online", "0"}};
  CHECK(cpus_stuck(scene.machine));
  const auto refused = check_stuck(scene.machine, scene.policy, scene.record);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "the running kernel would answer EBUSY: 4 CPUs are possible, and it can take none of them "
        "down");
  CHECK(refused.error().remedy.starts_with(
      "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help)"));

  scene.policy.crash = true;
  CHECK(check_stuck(scene.machine, scene.policy, scene.record));
  scene.policy.crash = false;
  scene.policy.kernel_returns_cpus = {true, "board.toml:3:1"};
  CHECK(check_stuck(scene.machine, scene.policy, scene.record));
  CHECK(kxf_test::decided(scene.record, "cpus", "returned by the running kernel") ==
        "returned by the running kernel (board.toml:3:1)");
  scene.policy.kernel_returns_cpus = {};

  files["/sys/devices/system/cpu/cpu1/online"] = "0\n";  // offline, but it can be taken down
  CHECK(check_stuck(scene.machine, scene.policy, scene.record));
  files.erase("/sys/devices/system/cpu/cpu1/online");
  files["/sys/devices/system/cpu/possible"] = "0\n";
  CHECK(check_stuck(scene.machine, scene.policy, scene.record));
  // a capture without the CPUs' folders tells nothing
  files = {{"/sys/devices/system/cpu/possible", "0-3\n"}};
  CHECK(check_stuck(scene.machine, scene.policy, scene.record));
}

TEST_CASE("cpus: where the tree describes none, other tables of the firmware may") {
  Scene scene;
  scene.machine.files["/fake/firmware-cpus"] = "good";
  const kxf::CpuReport good = scene.same({});
  CHECK(good.cpus.empty());
  CHECK(good.verdict == CpuVerdict::ok);
  CHECK(good.reason == "good by firmware");
  CHECK(check_cpus(good, false));

  scene.machine.files["/fake/firmware-cpus"] = "bad";
  const auto refused = check_cpus(scene.same({}), false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "the CPUs cannot be handed to the next kernel: bad by firmware");
  CHECK(refused.error().remedy == "use another");
  CHECK(check_cpus(scene.same({}), true));
  // what the tree says counts
  CHECK(scene.same({"good"}).reason == "good says so");
}

}  // namespace cpu_report_test
