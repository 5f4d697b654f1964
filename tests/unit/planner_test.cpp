// SPDX-License-Identifier: Apache-2.0
#include "plan/planner.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "fake_scene.hpp"
#include "plan/policy_names.hpp"

namespace planner_test {
namespace {

using kxf::Backend;
using kxf::Fault;
using kxf::Range;
using kxf::Segment;
using kxf::Support;
using kxf_test::contains;
using kxf_test::decided;
using kxf_test::FakeScene;
using kxf_test::warned;

std::vector<std::string> segment_names(const kxf::LoadPlan& plan) {
  std::vector<std::string> names;
  for (const Segment& segment : plan.parts().segments) names.push_back(segment.name);
  return names;
}

/// Of all segments, in whole pages.
std::uint64_t planned_bytes(const kxf::LoadPlan& plan) {
  std::uint64_t sum = 0;
  for (const Segment& segment : plan.parts().segments) sum += segment.range.size_bytes();
  return sum;
}

kxf::DeviceTree tree_of(const kxf::LoadPlan& plan) {
  return kxf::DeviceTree::parse(plan.segment("dtb")->bytes.view(), "the planned tree").value();
}

}  // namespace

TEST_CASE("planner: kernel, initrd, tree and purgatory with their addresses in each other") {
  FakeScene scene;
  scene.initrd("123456789");
  scene.policy.command_line = {"root=/dev/vda", "--command-line"};
  const auto planned = scene.planned();
  const kxf::PlanParts& parts = planned.plan.parts();
  CHECK(segment_names(planned.plan) ==
        std::vector<std::string>{"kernel", "initrd", "dtb", "purgatory"});
  CHECK(parts.arch == "fake");
  CHECK(parts.kexec_arch == 0xfe);
  CHECK(parts.backend == Backend::kexec_load);
  CHECK(parts.command_line == "root=/dev/vda");

  const Range initrd = planned.plan.segment("initrd")->range;
  const auto chosen = tree_of(planned.plan).find("/chosen");
  REQUIRE(chosen);
  CHECK(chosen->text("bootargs") == "root=/dev/vda");
  CHECK(chosen->number("linux,initrd-start") == initrd.start);
  CHECK(chosen->number("linux,initrd-end") == initrd.start + 9);  // exact, not in whole pages
  CHECK(chosen->u32("fake,adjusted") == 1U);

  const Segment& purgatory = *planned.plan.segment("purgatory");
  CHECK(parts.entry == purgatory.range.start + 16);
  CHECK(kxf::text_of(purgatory.bytes.view()) ==
        fmt::format("at {:#x}, to {:#x} with {:#x}, console 0x0\n", purgatory.range.start,
                    planned.plan.segment("kernel")->range.start + 4,
                    planned.plan.segment("dtb")->range.start));
  CHECK(planned.seeds.size() == 2);
  CHECK_FALSE(planned.digest);
}

TEST_CASE("planner: a kernel of one part is passed on as it is, several are laid out") {
  FakeScene scene;
  const auto one = scene.planned();
  CHECK(one.plan.segment("kernel")->bytes.view().data() == one.image.bytes.view().data());
  scene.kernel("PARTS and the rest");
  const auto several = scene.planned();
  const auto text = [&several](const char* name) {
    return kxf::text_of(several.plan.segment(name)->bytes.view());
  };
  CHECK(text("kernel") == std::string_view("\0\0\0\0\0\0\0\0PA", 10));
  CHECK(text("kernel-2") == "RTS and the rest");
  CHECK(several.plan.segment("kernel-2")->range.start ==
        several.plan.segment("kernel")->range.start + 4096);
}

TEST_CASE("planner: what the image carries is used where the policy names nothing") {
  FakeScene scene;
  scene.kernel("PACKED:CARRY ab");
  scene.policy.tree_source.origin = "board.toml:2:1";  // its tree is a letter
  auto planned = scene.planned();
  CHECK(kxf::text_of(planned.plan.segment("initrd")->bytes.view()) == "ab");
  CHECK(planned.plan.parts().command_line == "carried=1");
  CHECK(decided(planned.plan.parts().record, "initrd") ==
        "the image's own (the profile names none)");
  CHECK(decided(planned.plan.parts().record, "device-tree") ==
        "not the image's own (board.toml:2:1)");
  scene.initrd("another");
  planned = scene.planned();
  CHECK(kxf::text_of(planned.plan.segment("initrd")->bytes.view()) == "another");
}

TEST_CASE("planner: the initrd of a layer in the middle stays readable") {
  FakeScene scene;
  scene.kernel("PACKED:WRAP PACKED:PLAIN kernel");
  const auto planned = scene.planned();
  CHECK(kxf::text_of(planned.plan.segment("initrd")->bytes.view()) == "WRAP");
}

TEST_CASE("planner: the image's own tree is taken before the running one") {
  FakeScene scene;
  kxf_test::TreeMaker own = scene.tree;
  const kxf::DeviceTree carried = own.text("/", "model", "from the image").done();
  scene.kernel(fmt::format("TREES {} {}0 PLAIN kernel", carried.blob().size(),
                           kxf::text_of(carried.blob())));
  const auto planned = scene.planned();
  CHECK(tree_of(planned.plan).model() == "from the image");
  CHECK(decided(planned.plan.parts().record, "syscall", "kexec_load").find("own device tree") !=
        std::string::npos);
  scene.no_tree = true;
  scene.machine.tree = std::nullopt;
  CHECK(tree_of(scene.planned().plan).model() == "from the image");
  scene.no_tree = false;
  scene.policy.tree_source.origin = "board.toml:2:1";
  CHECK(tree_of(scene.planned().plan).model() != "from the image");
}

TEST_CASE("planner: the initrd of an outer layer stays readable") {
  FakeScene scene;
  scene.kernel("PACKED:WRAP PLAIN kernel");
  const auto planned = scene.planned();
  CHECK(kxf::text_of(planned.plan.segment("initrd")->bytes.view()) == "WRAP");
}

TEST_CASE("planner: segments stay out of the profile's windows and of where CPUs wait") {
  FakeScene scene;
  scene.policy.memory_reserve = {{{{0x40000000, 0x40100000}, "log"}}, "board.toml:4:1"};
  scene.tree.text("/cpus/cpu@0", "enable-method", "good")
      .u64("/cpus/cpu@0", "cpu-release-addr", 0x40200000);
  const auto planned = scene.planned();
  CHECK(planned.plan.segment("kernel")->range.start == 0x40300000);
  for (const Segment& segment : planned.plan.parts().segments) {
    CHECK_FALSE(segment.range.overlaps({0x40000000, 0x40100000}));
    CHECK_FALSE(segment.range.overlaps({0x40200000, 0x40200008}));
  }
  // The next kernel must leave them alone as well; and it does not need what is there twice.
  const auto reserved = tree_of(planned.plan).memory_reservations();
  CHECK(std::ranges::count(reserved, Range{0x40000000, 0x40100000}) == 1);
  CHECK(std::ranges::count(reserved, Range{0x40200000, 0x40200008}) == 1);
  const auto& ranges = planned.plan.parts().memory.ranges();
  CHECK(std::ranges::any_of(ranges, [](const kxf::MemoryRange& range) {
    return range.source == "profile" && range.label == "log";
  }));
  CHECK(std::ranges::any_of(
      ranges, [](const kxf::MemoryRange& range) { return range.label == "CPU 0x0 waits here"; }));
}

TEST_CASE("planner: kexec_file_load lists files and leaves the rest to the kernel") {
  FakeScene scene;
  scene.machine.own_facts.kexec_file_load = Support::present;
  scene.initrd("123");
  const auto planned = scene.planned();
  CHECK(planned.plan.parts().backend == Backend::kexec_file_load);
  CHECK(planned.plan.parts().backend_may_fall_back);
  CHECK(segment_names(planned.plan) == std::vector<std::string>{"kernel", "initrd"});
  CHECK(planned.seeds.empty());
  CHECK(decided(planned.plan.parts().record, "console") ==
        "none (kexec_file_load enters the kernel directly)");
}

TEST_CASE("planner: more than half of the running kernel's RAM is refused before it is asked") {
  FakeScene scene;
  const std::uint64_t memory = planned_bytes(scene.planned().plan);
  scene.machine.files["/proc/meminfo"] =
      fmt::format("MemTotal:        {} kB\nMemFree:   1 kB\n", 2 * memory / 1024);
  CHECK(scene.plan());
  scene.machine.files["/proc/meminfo"] =
      fmt::format("MemTotal:        {} kB\nMemFree:   1 kB\n", 2 * memory / 1024 - 2);
  CHECK(contains(scene.refusal(), "no more than half of its RAM"));
}

TEST_CASE("planner: the console's program and device are in the plan") {
  FakeScene scene;
  scene.policy.command_line = {"earlycon=fakecon,0x9000", "--command-line"};
  const auto planned = scene.planned();
  REQUIRE(planned.sink);
  CHECK(planned.sink->phys_base == 0x9000);
  CHECK(planned.plan.parts().console_sink == "fake-uart");
  CHECK(contains(kxf::text_of(planned.plan.segment("purgatory")->bytes.view()), "console 0x9000"));
}

TEST_CASE("planner: board checks warn or refuse") {
  FakeScene scene;
  scene.policy.command_line = {"check=warn", "--command-line"};
  CHECK(warned(scene.planned().plan.parts().record, "fake-warning") ==
        "the fan is off; turn it on");
  scene.policy.command_line.value = "check=refuse";
  CHECK(scene.refusal() == "fake-check: the board is upside down");
}

TEST_CASE("planner: the board is matched by any of the root's compatibles") {
  FakeScene scene;
  scene.policy.board_match = {{"acme,two", "acme,one"}, "board.toml:3:9"};
  CHECK(scene.refusal() ==
        "the profile is for acme,two or acme,one (board.toml:3:9), and this board is fake,board, "
        "fake,family");
  scene.policy.board_match.value.push_back("fake,family");
  CHECK(decided(scene.planned().plan.parts().record, "board") == "fake,family (board.toml:3:9)");
  scene.tree = kxf_test::TreeMaker();
  CHECK(contains(scene.refusal(), "this machine's device tree names no board"));
}

TEST_CASE("planner: each thing that is missing or unfit is refused with its cause") {
  FakeScene scene;
  SUBCASE("no architecture") {
    scene.machine.own_facts.hardware = "other";
    CHECK(scene.refusal() ==
          "no plugin knows the architecture of this machine, \"other\" (known: fake)");
  }
  SUBCASE("no kernel") {
    scene.policy.kernel_image = {};
    CHECK(scene.refusal() == "no kernel is named");
  }
  SUBCASE("a kernel for another CPU") {
    scene.kernel("BIGEND x");
    CHECK(scene.refusal() == "this CPU is only little-endian");
  }
  SUBCASE("command line too long") {
    scene.policy.command_line = {std::string(64, 'x'), "--command-line"};
    CHECK(contains(scene.refusal(), "65 bytes with its final zero are 1 more than the 64"));
  }
  SUBCASE("no command line to reuse") {
    scene.policy.command_line_mode = {kxf::CommandLineMode::reuse, "--reuse-cmdline"};
    CHECK(contains(scene.refusal(), "--reuse-cmdline: /proc/cmdline: not there"));
  }
  SUBCASE("no device tree") {
    scene.no_tree = true;
    scene.machine.tree_problem = "there is none";
    CHECK(scene.refusal() == "no device tree of the running system: there is none");
  }
  SUBCASE("a CPU that cannot be handed over") {
    scene.tree.text("/cpus/cpu@0", "enable-method", "bad");
    CHECK(scene.refusal() == "CPU 0x0 cannot be handed to the next kernel: bad says so");
  }
  SUBCASE("a memory source that is none") {
    scene.policy.memory_sources = {{"iomen"}, "board.toml:7:1"};
    CHECK(contains(scene.refusal(), "board.toml:7:1: no memory-source \"iomen\""));
  }
  SUBCASE("no room") {
    scene.machine.files["/proc/iomem"] = "40000000-400fffff : System RAM\n";
    scene.policy.memory_sources = {{"iomem"}, "board.toml:7:1"};
    CHECK(contains(scene.refusal(), "no room for segment kernel: it needs 2 MiB"));
  }
  SUBCASE("more than half of RAM") {
    scene.machine.files["/proc/iomem"] = "40000000-403fffff : System RAM\n";
    scene.policy.memory_sources = {{"iomem"}, "board.toml:7:1"};
    CHECK(contains(scene.refusal(), "no more than half of its RAM, 2 MiB"));
  }
}

TEST_CASE("planner: a format that contradicts itself is that plugin's fault") {
  FakeScene scene;
  scene.kernel("LIAR x");
  const auto planned = scene.plan();
  REQUIRE_FALSE(planned);
  CHECK(planned.error().fault == Fault::internal);
  CHECK(contains(planned.error().message, "fake-image"));
}

TEST_CASE("planner: names that nothing has are refused even when this load does not need them") {
  FakeScene scene;
  SUBCASE("in plugins.use") {
    scene.policy.plugins_use = {{{"codec", "fake-codek"}}, "board.toml:5:7"};
    CHECK(contains(scene.refusal(), "board.toml:5:7: no codec \"fake-codek\" in any plugin"));
  }
  SUBCASE("in settings") {
    scene.policy.settings["fakes"]["speed"] = {"fast", "board.toml:6:1"};
    CHECK(contains(scene.refusal(), "board.toml:6:1: settings for \"fakes\", which no plugin has"));
    CHECK(contains(scene.refusal(), "\"fake\""));
  }
  SUBCASE("a setting of the architecture") {
    scene.policy.settings["fake"]["sped"] = {"fast", "board.toml:6:1"};
    CHECK(contains(scene.refusal(), "board.toml:6:1: fake has no setting \"sped\""));
  }
}

TEST_CASE("planner: settings of the architecture reach it") {
  FakeScene scene;
  CHECK(decided(scene.planned().plan.parts().record, "speed") == "slow (setting)");
  scene.policy.settings["fake"]["speed"] = {"fast", "board.toml:6:1"};
  CHECK(decided(scene.planned().plan.parts().record, "speed") == "fast (setting)");
}

TEST_CASE("planner: decisions are made once, and the same input gives the same record") {
  FakeScene scene;
  scene.initrd("123");
  const auto one = scene.planned();
  const auto two = scene.planned();
  const auto& decisions = one.plan.parts().record.decisions();
  REQUIRE(decisions.size() == two.plan.parts().record.decisions().size());
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    CAPTURE(decisions[i].topic);
    CHECK(decisions[i].choice == two.plan.parts().record.decisions()[i].choice);
    CHECK_FALSE(decisions[i].reason.empty());
    for (std::size_t j = 0; j < i; ++j)
      CHECK_FALSE(
          (decisions[i].topic == decisions[j].topic && decisions[i].choice == decisions[j].choice));
  }
}

}  // namespace planner_test
