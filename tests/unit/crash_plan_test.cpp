// SPDX-License-Identifier: Apache-2.0
//
// Crash loads as the planner makes them, with an architecture that is made up.
#include <doctest/doctest.h>

#include <algorithm>

#include "crash/core_header.hpp"
#include "fake_scene.hpp"
#include "plan/seal.hpp"

namespace crash_plan_test {
namespace {

using kxf::Range;
using kxf_test::contains;
using kxf_test::decided;
using kxf_test::warned;

/// A machine with 1 GiB, 128 MiB of it for crash kernels, and two CPUs with a gap between them.
struct CrashScene : kxf_test::FakeScene {
  CrashScene() {
    policy.crash = true;
    regions({{0x70000000, 0x78000000}});
    machine.files["/fake/linear-map"] = "";
    for (const char* cpu : {"cpu0", "cpu4"}) {
      const std::string folder = fmt::format("/sys/devices/system/cpu/{}/", cpu);
      machine.files[folder + "crash_notes"] =
          cpu == std::string_view("cpu0") ? "41000000\n" : "41000400\n";
      machine.files[folder + "crash_notes_size"] = "512\n";
    }
    machine.files["/sys/kernel/vmcoreinfo"] = "42000000 400\n";
  }

  void regions(const std::vector<Range>& crash) {
    std::string text = "40000000-7fffffff : System RAM\n";
    for (const Range& range : crash)
      text += fmt::format("  {:08x}-{:08x} : Crash kernel\n", range.start, range.end - 1);
    machine.files["/proc/iomem"] = text;
  }
};

kxf::DeviceTree tree_of(const kxf::LoadPlan& plan) {
  return kxf::DeviceTree::parse(plan.segment("dtb")->bytes.view(), "the planned tree").value();
}

kxf::CoreHeader header_of(const kxf::LoadPlan& plan) {
  return kxf::read_core_header(plan.segment("elfcorehdr")->bytes.view()).value();
}

}  // namespace

TEST_CASE("crash plan: all segments are in the crash region, and the tree says where") {
  CrashScene scene;
  scene.initrd("123456789");
  scene.policy.command_line = {"quiet -- single", "--command-line"};
  const auto planned = scene.planned();
  const kxf::PlanParts& parts = planned.plan.parts();
  for (const kxf::Segment& segment : parts.segments)
    CHECK(Range{0x70000000, 0x78000000}.contains(segment.range));
  const Range core = planned.plan.segment("elfcorehdr")->range;
  const Range backup = planned.plan.segment("backup")->range;
  CHECK(backup.size_bytes() == 0x10000);
  CHECK(planned.plan.segment("backup")->bytes.empty());

  const kxf::DeviceTree tree = tree_of(planned.plan);
  const auto chosen = tree.find("/chosen");
  CHECK(chosen->number("fake,core") == core.start);
  CHECK(chosen->number("fake,backup") == backup.start);
  CHECK(chosen->number("fake,home") == 0x70000000U);
  const auto line = fmt::format("quiet one_cpu core=0x{:016x} -- single", core.start);
  CHECK(chosen->text("bootargs") == line);
  CHECK(parts.command_line == line);
  const auto reserved = tree.memory_reservations();
  CHECK(std::ranges::count(reserved, core) == 1);
  CHECK(std::ranges::count(reserved, backup) == 1);
  CHECK(contains(kxf::text_of(planned.plan.segment("purgatory")->bytes.view()),
                 fmt::format("save 0x40000000-0x4000ffff to {:#x}", backup.start)));
}

TEST_CASE("crash plan: the place of the core header counts for the length of the command line") {
  CrashScene scene;
  scene.policy.command_line = {std::string(40, 'x'), "--command-line"};
  CHECK(contains(scene.refusal(), "the place of the core header are more than the 64"));
}

TEST_CASE("crash plan: the core header lists CPUs, VMCOREINFO and all RAM but the crash regions") {
  CrashScene scene;
  const auto planned = scene.planned();
  const kxf::CoreHeader header = header_of(planned.plan);
  CHECK(header.elf_machine == 0xfe);
  CHECK(header.notes == std::vector<Range>{{0x41000000, 0x41000200},
                                           {0x41000400, 0x41000600},
                                           {0x42000000, 0x42000400}});
  const std::uint64_t backup = planned.plan.segment("backup")->range.start;
  constexpr std::uint64_t map = 0x1000000000;
  CHECK(header.loads ==
        std::vector<kxf::CoreLoad>{{{0x40000000, 0x40010000}, map + 0x40000000, backup},
                                   {{0x40010000, 0x70000000}, map + 0x40010000, 0x40010000},
                                   {{0x78000000, 0x80000000}, map + 0x78000000, 0x78000000}});
  REQUIRE(planned.crash);
  CHECK(planned.crash->home == Range{0x70000000, 0x78000000});
  CHECK(planned.crash->notes.cpus.size() == 2);
}

TEST_CASE("crash plan: of two regions the highest is the crash kernel's, and neither is dumped") {
  CrashScene scene;
  scene.regions({{0x50000000, 0x54000000}, {0x70000000, 0x78000000}});
  const auto planned = scene.planned();
  CHECK(Range{0x70000000, 0x78000000}.contains(planned.plan.segment("kernel")->range));
  const kxf::CoreHeader header = header_of(planned.plan);
  for (const kxf::CoreLoad& load : header.loads) {
    CHECK_FALSE(load.physical.overlaps({0x50000000, 0x54000000}));
    CHECK_FALSE(load.physical.overlaps({0x70000000, 0x78000000}));
  }
  CHECK(contains(decided(scene.plan()->plan.parts().record, "crash", "the crash kernel is in"),
                 "the highest crash region"));
}

TEST_CASE("crash plan: a digest by default, of all that does not change") {
  CrashScene scene;
  const auto planned = scene.planned();
  CHECK(planned.digest);
  const auto sealed = seal(planned, scene.machine, kxf::Seeds::zeros);
  REQUIRE(sealed);
  const auto text = [](const kxf::SealedPlan& plan) {
    const auto found = std::ranges::find(plan.segments, "purgatory", &kxf::Segment::name);
    return std::string(kxf::text_of(found->bytes.view()));
  };
  CHECK(contains(text(*sealed), "verify kernel "));
  CHECK(contains(text(*sealed), "verify dtb "));
  CHECK(contains(text(*sealed), "verify elfcorehdr "));
  CHECK_FALSE(contains(text(*sealed), "verify backup "));
  CHECK(contains(text(*sealed), "save 0x40000000"));
  CHECK_FALSE(sealed->ready.crash_hotplug);

  scene.machine.files["/sys/kernel/crash_elfcorehdr_size"] = "65536\n";
  const auto updated = seal(scene.planned(), scene.machine, kxf::Seeds::zeros);
  REQUIRE(updated);
  CHECK(contains(text(*updated), "verify kernel "));
  CHECK_FALSE(contains(text(*updated), "verify dtb "));
  CHECK_FALSE(contains(text(*updated), "verify elfcorehdr "));
  CHECK(updated->ready.crash_hotplug);
  CHECK(updated->plan.segment("elfcorehdr")->range.size_bytes() == 65536);
}

TEST_CASE("crash plan: the tree has room to grow where the kernel rewrites it") {
  CrashScene scene;
  scene.machine.files["/sys/kernel/crash_elfcorehdr_size"] = "65536\n";
  const auto planned = scene.planned();
  const kxf::Segment& dtb = *planned.plan.segment("dtb");
  const kxf::Bytes bytes(dtb.bytes.view(), kxf::Endian::big);
  CHECK(*bytes.read<std::uint32_t>(4) == dtb.bytes.size_bytes());
  CHECK(tree_of(planned.plan).blob().size() + 256 == dtb.bytes.size_bytes());
}

TEST_CASE("crash plan: what is missing is refused by name") {
  CrashScene scene;
  SUBCASE("memory") {
    scene.regions({});
    CHECK(contains(scene.refusal(), "no memory is reserved for a crash kernel"));
  }
  SUBCASE("the notes of a CPU") {
    scene.machine.unreadable.insert("/sys/devices/system/cpu/cpu4/crash_notes");
    CHECK(contains(scene.refusal(), "cpu4/crash_notes"));
  }
  SUBCASE("VMCOREINFO") {
    scene.machine.files.erase("/sys/kernel/vmcoreinfo");
    CHECK(contains(scene.refusal(), "vmcoreinfo"));
  }
  SUBCASE("the linear map") {
    scene.machine.files.erase("/fake/linear-map");
    CHECK(contains(scene.refusal(), "core header: no linear map is to be found"));
  }
}

TEST_CASE("crash plan: the running kernel's own loader needs none of it, and a warning says so") {
  CrashScene scene;
  scene.machine.own_facts.kexec_file_load = kxf::Support::present;
  scene.machine.files.erase("/fake/linear-map");
  scene.policy.syscall = {kxf::SyscallChoice::kexec_file_load, "--syscall"};
  const auto planned = scene.planned();
  CHECK(planned.plan.parts().backend == kxf::Backend::kexec_file_load);
  CHECK(contains(warned(planned.plan.parts().record, "crash-not-verified"), "nothing will verify"));
  REQUIRE(planned.crash);
  CHECK(planned.crash->notes.cpus.size() == 2);
  CHECK(planned.crash->dumped == kxf::RangeSet{{0x40000000, 0x70000000}, {0x78000000, 0x80000000}});
  scene.machine.files.erase("/sys/kernel/vmcoreinfo");
  const auto blind = scene.planned();
  CHECK(contains(warned(blind.plan.parts().record, "crash-facts"), "vmcoreinfo"));
}

}  // namespace crash_plan_test
