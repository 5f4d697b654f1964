// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspect.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "arm64/arm64.hpp"
#include "fake_registry.hpp"
#include "inspect/output.hpp"
#include "machine/tree_machine.hpp"
#include "map_machine.hpp"
#include "ppc64/ppc64.hpp"
#include "scratch.hpp"

namespace inspect_test {
namespace {

using kxf::CpuVerdict;
using kxf::DeviceTree;
using kxf::Inspection;
using kxf_test::contains;
using kxf_test::TreeMaker;
using Json = nlohmann::json;

/// A board with all that is asked for: two CPUs, RAM, a reservation, a UART.
TreeMaker board() {
  TreeMaker tree;
  tree.text("/", "compatible", "acme,board")
      .text("/", "model", "Acme Board")
      .cells("/", "#address-cells", {2})
      .cells("/", "#size-cells", {2})
      .text("/memory@40000000", "device_type", "memory")
      .cells("/memory@40000000", "reg", {0, 0x40000000, 0, 0x20000000})
      .text("/uart@9000000", "compatible", "fake,uart")
      .cells("/uart@9000000", "reg", {0, 0x9000000, 0, 0x1000})
      .text("/chosen", "stdout-path", "/uart@9000000:115200n8")
      .cells("/cpus", "#address-cells", {1})
      .cells("/cpus", "#size-cells", {0})
      .reserve({0x40000000, 0x40001000});
  for (const std::uint32_t id : {0x100U, 0x0U}) {
    const std::string path = fmt::format("/cpus/cpu@{:x}", id);
    tree.text(path, "device_type", "cpu")
        .text(path, "enable-method", "good")
        .cells(path, "reg", {id})
        .u64(path, "cpu-release-addr", 0x40000000 + id);
  }
  return tree;
}

struct Scene {
  kxf::Policy policy{};
  kxf::Registry registry = kxf_test::fake_registry();

  [[nodiscard]] Inspection look(const kxf::Machine& machine) const {
    return inspect(machine, policy, registry, {});
  }
  [[nodiscard]] Inspection look(const TreeMaker& tree) const {
    return look(*kxf::tree_machine(tree.done()));
  }
};

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items()) names.push_back(name);
  return names;
}

}  // namespace

TEST_CASE("inspect: a device tree alone says who the board is, and its CPUs, memory and console") {
  const Inspection found = Scene().look(board());
  CHECK(found.model == "Acme Board");
  CHECK(found.compatible == std::vector<std::string>{"acme,board"});
  REQUIRE(found.cpus.cpus.size() == 2);
  CHECK(found.cpus.cpus[1].node.hardware_id == 0x100);
  CHECK(found.cpus.verdict == CpuVerdict::ok);
  CHECK(found.cpus.reason == "good says so");
  CHECK(found.memory.ram().size_bytes() == 0x20000000);
  CHECK(found.memory_reason.empty());
  REQUIRE(found.console);
  CHECK(found.console->sink == "fake-uart");
  CHECK(found.console->device.phys_base == 0x9000000);
  CHECK(found.console_reason.empty());
  // No plugin of the test knows an architecture by its tree.
  CHECK(found.architecture.empty());
  CHECK(found.architecture_reason ==
        "no plugin knows the architecture of this machine by its device tree (known: fake)");
  CHECK(contains(kxf_test::warned(found.record, "no-architecture"), "architecture plugin"));
}

TEST_CASE("inspect: a machine that tells its architecture is known by that") {
  kxf_test::MapMachine machine(board().done());
  machine.own_facts.hardware = "fakearch";
  const Inspection found = Scene().look(machine);
  CHECK(found.architecture == "fake");
  CHECK(found.architecture_reason.empty());
  CHECK(kxf_test::warned(found.record, "no-architecture").empty());
}

TEST_CASE("inspect: reservations are listed, each with its source, even when no RAM is known") {
  TreeMaker tree = board();
  tree.text("/memory@40000000", "device_type", "other");
  tree.cells("/reserved-memory", "#address-cells", {2})
      .cells("/reserved-memory", "#size-cells", {2})
      .flag("/reserved-memory", "ranges")
      .cells("/reserved-memory/tee@50000000", "reg", {0, 0x50000000, 0, 0x1000})
      .flag("/reserved-memory/tee@50000000", "no-map");
  Scene scene;
  scene.policy.memory_reserve = {{{{0x60000000, 0x60001000}, "kept for the camera"}},
                                 "board.toml:5:1"};
  const Inspection found = scene.look(tree);
  CHECK(found.memory.ram().empty());
  CHECK(contains(found.memory_reason, "the device tree has no memory node"));
  CHECK(contains(found.memory_reason, "of this machine only the device tree is known"));
  const Json reserved = Json::parse(inspection_json(found, "a.dtb"))["reserved"];
  REQUIRE(reserved.size() == 5);
  CHECK(reserved[0] == Json{{"start", "0x50000000"},
                            {"end", "0x50001000"},
                            {"kind", "no-map"},
                            {"label", "/reserved-memory/tee@50000000"},
                            {"source", "dt"}});
  CHECK(reserved[1]["label"] == "/memreserve/");
  CHECK(reserved[2]["label"] == "kept for the camera");
  CHECK(reserved[2]["source"] == "profile");
  CHECK(reserved[3]["label"] == "CPU 0x0 waits here");
  CHECK(reserved[3]["source"] == "cpus");
}

TEST_CASE("inspect: memory nodes that firmware has yet to fill in are told from none") {
  TreeMaker tree = board();
  tree.cells("/memory@40000000", "reg", {0, 0, 0, 0});
  CHECK(
      contains(Scene().look(tree).memory_reason, "the memory nodes of the device tree are empty"));
}

TEST_CASE("inspect: PSCI without its node is not known of a tree, and unsound on a machine") {
  const DeviceTree tree = board().text("/cpus/cpu@0", "enable-method", "psci").done();
  const std::vector<kxf::CpuNode> cpus = cpu_nodes(tree);
  const auto assess = [&](const kxf::Machine& machine) {
    return kxf::arm64::psci().assess({cpus[0], &cpus[0], cpus, machine, tree, {}, {}});
  };
  const auto alone = assess(*kxf::tree_machine(tree));
  CHECK(alone.verdict == CpuVerdict::unknown);
  CHECK(contains(alone.reason, "firmware"));
  CHECK(assess(kxf_test::MapMachine(tree)).verdict == CpuVerdict::unsound);
}

TEST_CASE("inspect: a damaged memory node is a reason, and the rest is still found") {
  TreeMaker tree = board();
  tree.cells("/memory@40000000", "reg", {0, 0x40000000, 0});
  const Inspection found = Scene().look(tree);
  CHECK(contains(found.memory_reason, "memory source dt"));
  CHECK(found.console);
  CHECK(found.cpus.verdict == CpuVerdict::ok);
}

TEST_CASE("inspect: the worst CPU gives the verdict, with its reason") {
  TreeMaker tree = board();
  SUBCASE("unsound") {
    tree.text("/cpus/cpu@100", "enable-method", "bad");
    const Inspection found = Scene().look(tree);
    CHECK(found.cpus.verdict == CpuVerdict::unsound);
    CHECK(found.cpus.reason == "bad says so");
  }
  SUBCASE("no plugin knows the method") {
    tree.text("/cpus/cpu@100", "enable-method", "acme,smp");
    const Inspection found = Scene().look(tree);
    CHECK(found.cpus.verdict == CpuVerdict::unknown);
    CHECK(contains(found.cpus.reason, "no plugin knows the enable method \"acme,smp\""));
  }
  SUBCASE("a policy that refuses is a reason, too") {
    tree.text("/cpus/cpu@100", "enable-method", "acme,smp");
    Scene scene;
    scene.policy.cpu_mismatch = {kxf::OnMismatch::refuse, "board.toml:9:1"};
    const Inspection found = scene.look(tree);
    CHECK(found.cpus.verdict == CpuVerdict::unknown);
    CHECK(contains(found.cpus.reason, "acme,smp"));
  }
}

TEST_CASE("inspect: without a console the reason is said") {
  Scene scene;
  TreeMaker tree = board();
  std::string expected;
  SUBCASE("nothing names one") {
    tree = TreeMaker();
    expected = "no stdout-path";
  }
  SUBCASE("no such node") {
    tree.text("/chosen", "stdout-path", "serial9");
    expected = "serial9";
  }
  SUBCASE("not known") {
    tree.text("/uart@9000000", "compatible", "acme,uart");
    expected = "acme,uart";
  }
  SUBCASE("no address") {
    tree.cells("/uart@9000000", "reg", {0, 0x9000000, 0});
    expected = "reg";
  }
  SUBCASE("a program that is wrong") {
    tree.text("/uart@9000000", "compatible", "fake,wild");
    expected = "fake-wild";
  }
  SUBCASE("not wanted") {
    scene.policy.console_sink = {"none", "board.toml:3:8"};
    expected = "board.toml:3:8";
  }
  SUBCASE("not one that exists") {
    scene.policy.console_sink = {"acmecon,0x1000", "board.toml:3:8"};
    expected = "acmecon";
  }
  const Inspection found = scene.look(tree);
  CHECK_FALSE(found.console);
  INFO(found.console_reason);
  CHECK(contains(found.console_reason, expected));
  const Json json = Json::parse(inspection_json(found, "a.dtb"));
  CHECK(json["console"].is_null());
  CHECK(json["console_reason"] == found.console_reason);
}

TEST_CASE(
    "inspect: a memory node over the console is a placeholder in a tree, a refusal on a board") {
  TreeMaker tree = board();
  tree.cells("/memory@40000000", "reg", {0, 0, 0, 0x40000000});
  const Inspection alone = Scene().look(tree);
  REQUIRE(alone.console);
  CHECK(contains(kxf_test::warned(alone.record, "console-in-memory-node"), "0x9000000"));

  const kxf_test::MapMachine machine(tree.done());
  const Inspection there = Scene().look(machine);
  CHECK_FALSE(there.console);
  CHECK(contains(there.console_reason, "which is RAM"));
  CHECK(kxf_test::warned(Scene().look(board()).record, "console-in-memory-node").empty());
}

TEST_CASE("inspect: the command line that a profile gives names the console") {
  Scene scene;
  scene.policy.command_line = {"earlycon=fakecon,0x9000800", "board.toml:4:1"};
  const Inspection found = scene.look(board());
  REQUIRE(found.console);
  CHECK(found.console->device.phys_base == 0x9000800);
  CHECK(found.console->device.origin == "earlycon=");

  scene.policy = {};
  scene.policy.command_line_mode = {kxf::CommandLineMode::reuse, "board.toml:4:1"};
  const Inspection unknown = scene.look(board());
  CHECK(unknown.console);
  CHECK(contains(kxf_test::warned(unknown.record, "no-command-line"), "board.toml:4:1"));
  kxf_test::MapMachine machine(board().done());
  machine.files.emplace("/proc/cmdline", "earlycon=fakecon,0x9000400\n");
  const Inspection running = scene.look(machine);
  REQUIRE(running.console);
  CHECK(running.console->device.phys_base == 0x9000400);
}

TEST_CASE("inspect: a profile for another board is a warning, an overlay that fails too") {
  Scene scene;
  scene.policy.board_match = {{"acme,other"}, "board.toml:2:1"};
  scene.policy.tree_overlays = {{"/nonexistent.dtbo"}, "board.toml:8:1"};
  const Inspection found = scene.look(board());
  CHECK(contains(kxf_test::warned(found.record, "other-board"), "acme,board"));
  CHECK(contains(kxf_test::warned(found.record, "no-next-tree"), "/nonexistent.dtbo"));
  CHECK(found.console);
  CHECK(found.cpus.verdict == CpuVerdict::ok);
}

TEST_CASE("inspect: a machine without a device tree has memory and reasons") {
  kxf_test::MapMachine machine("/proc/iomem", "40000000-5fffffff : System RAM\n");
  machine.tree_problem = "there is none";
  const Inspection found = Scene().look(machine);
  CHECK(found.memory.ram().size_bytes() == 0x20000000);
  CHECK(found.cpus.verdict == CpuVerdict::unknown);
  CHECK(found.cpus.reason == "no device tree: there is none");
  CHECK(found.console_reason == "no device tree: there is none");
}

TEST_CASE("inspect: JSON has the keys that tools read, and only UTF-8") {
  TreeMaker tree = board();
  tree.text("/", "model", "Acme \xff");
  const Json json = Json::parse(inspection_json(Scene().look(tree), "boards/acme.dtb"));
  for (const char* key : {"model", "compatible", "cpus", "cpu_verdict", "memory", "reserved",
                          "console", "warnings", "decisions"})
    CHECK_MESSAGE(json.contains(key), key);
  CHECK(json["subject"] == "boards/acme.dtb");
  CHECK(json["model"] == "Acme \xEF\xBF\xBD");
  REQUIRE(json["cpus"].size() == 2);
  CHECK(json["cpus"][1]["hwid"] == "0x100");
  CHECK(json["cpus"][1]["enable_method"] == "good");
  CHECK(json["cpus"][1]["release_addr"] == "0x40000100");
  CHECK(json["cpus"][1]["return_addr"].is_null());
  CHECK(keys(json["cpu_verdict"]) == std::vector<std::string>{"reason", "status"});
  CHECK(json["cpu_verdict"]["status"] == "ok");
  CHECK(json["memory"][0]["start"] == "0x40000000");
  CHECK(json["memory"][0]["end"] == "0x60000000");
  CHECK(json["memory"][0]["source"] == "dt");
  CHECK(json["console"]["driver"] == "fake,uart");
  CHECK(json["console"]["address"] == "0x9000000");
  CHECK(json["console"]["access"] == "8 bit");
  CHECK(json["console"]["source"] == "stdout-path");
  CHECK_FALSE(json.contains("console_reason"));
}

TEST_CASE("inspect: the page for people says the same, decisions only when asked") {
  TreeMaker tree = board();
  tree.text("/cpus/cpu@100", "enable-method", "hazy");
  const Inspection found = Scene().look(tree);
  const std::string text = inspection_text(found, false);
  for (const char* part : {"Acme Board", "acme,board", "unknown", "hazy says so", "0x40000100",
                           "/memreserve/ (dt)", "fake-uart at 0x9000000", "[no-architecture]"})
    CHECK_MESSAGE(contains(text, part), part);
  CHECK_FALSE(contains(text, "because"));
  CHECK(contains(inspection_text(found, true), "because"));
}

TEST_CASE("inspect: a file that is no device tree is refused, whatever it is cut off at") {
  const kxf_test::Scratch scratch;
  CHECK_FALSE(kxf::open_tree(scratch.path()));
  CHECK_FALSE(kxf::open_tree(scratch.path() / "absent.dtb"));
  const DeviceTree tree = board().done();
  const std::string_view whole = kxf::text_of(tree.blob());
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    const auto machine = kxf::open_tree(scratch.write("cut.dtb", whole.substr(0, size)));
    REQUIRE_FALSE(machine);
    CHECK_FALSE(machine.error().remedy.empty());
  }
  // Room behind the tree is common.
  const auto machine =
      kxf::open_tree(scratch.write("whole.dtb", std::string(whole) + std::string(4096, '\0')));
  REQUIRE(machine);
  CHECK((*machine)->facts().hardware.empty());
  CHECK((*machine)->device_tree()->model() == "Acme Board");
  CHECK_FALSE((*machine)->exists("/proc/iomem"));
  CHECK_FALSE((*machine)->read("/proc/iomem"));
}

TEST_CASE("inspect: architectures know their own trees and not each other's") {
  const kxf::Architecture& arm64 = kxf::arm64::architecture();
  const kxf::Architecture& ppc64 = kxf::ppc64::architecture();
  TreeMaker power = board();
  power.cells("/cpus/cpu@0", "ibm,ppc-interrupt-server#s", {0});
  TreeMaker timer = board();
  timer.text("/timer", "compatible", "arm,armv8-timer");
  TreeMaker pen = board();
  pen.text("/cpus/cpu@0", "enable-method", "spin-table");
  CHECK(ppc64.handles_tree(power.done()));
  CHECK_FALSE(arm64.handles_tree(power.done()));
  TreeMaker denver = board();
  denver.text("/cpus/cpu@0", "compatible", "nvidia,tegra132-denver");
  for (const TreeMaker* tree : {&timer, &pen, &denver}) {
    CHECK(arm64.handles_tree(tree->done()));
    CHECK_FALSE(ppc64.handles_tree(tree->done()));
  }
  CHECK_FALSE(arm64.handles_tree(board().done()));
}

}  // namespace inspect_test
