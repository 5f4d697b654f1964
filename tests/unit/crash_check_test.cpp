// SPDX-License-Identifier: Apache-2.0
// What is remembered of a crash kernel that was loaded, and whether it can still dump.

#include "crash/check.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>

#include "map_machine.hpp"
#include "scratch.hpp"

namespace crash_check_test {

using namespace kxf;
using kxf_test::MapMachine;
using kxf_test::Scratch;

namespace {

constexpr std::uint64_t mib = 1U << 20U;
constexpr Range region{0x70000000, 0x80000000};  // 256 MiB
const std::string ram = "40000000-7fffffff : System RAM\n";
const std::string crash_line = "  70000000-7fffffff : Crash kernel\n";

void set_notes(MapMachine& machine, unsigned cpu, std::uint64_t address) {
  const std::string directory = fmt::format("/sys/devices/system/cpu/cpu{}", cpu);
  machine.files[directory + "/crash_notes"] = fmt::format("{:x}\n", address);
  machine.files[directory + "/crash_notes_size"] = "400\n";
}

/// Two CPUs, 1 GiB of RAM, 256 MiB of it reserved.
struct Scene {
  MapMachine machine;
  KexecStatus status{false, true, true, region.size_bytes()};
  ArmedKernel kernel;
  Scratch scratch;
  std::filesystem::path directory = scratch.path() / "run/kxf";

  Scene() {
    machine.files["/proc/iomem"] = ram + crash_line;
    machine.files["/proc/sys/kernel/random/boot_id"] = "1\n";
    machine.files["/sys/devices/system/cpu/present"] = "0-1\n";
    machine.files["/sys/kernel/vmcoreinfo"] = "0x41000000 1024\n";
    set_notes(machine, 0, 0x42000000);
    set_notes(machine, 1, 0x42000400);
    kernel.backend = Backend::kexec_load;
    kernel.kernel = "/boot/crash-kernel";
    kernel.initrds = {"/boot/a.cpio", "b \"c\".cpio"};
    kernel.command_line = "console=ttyAMA0 nr_cpus=1";
    kernel.digest = true;
    kernel.segments = {{"kernel", {0x70000000, 0x71000000}}, {"initrd", {0x72000000, 0x73000000}}};
    kernel.plan.regions = {region};
    kernel.plan.home = region;
    kernel.plan.notes = crash_notes(machine).value();
    kernel.plan.dumped = {{0x40000000, region.start}};
    kernel.plan.capacity = {
        region.size_bytes(), 40 * mib, 10 * mib, {60 * mib, SizeEvidence::stated}, 64 * mib};
  }

  void arm() {
    const Status kept = remember_armed(machine, kernel, directory);
    if (!kept) FAIL(kept.error().message);
  }
  std::optional<ArmedCrash> armed() {
    auto read = remembered_armed(machine, directory);
    if (!read) FAIL(read.error().message);
    return *read;
  }
  CrashCheck check() {
    auto done = check_crash(machine, status, armed());
    if (!done) FAIL(done.error().message);
    return *done;
  }
  /// The only thing found.
  CrashFinding finding() {
    const CrashCheck done = check();
    if (done.findings.size() != 1) FAIL(done.findings.size());
    CHECK(done.verdict ==
          (done.findings[0].remedy.empty() ? CrashVerdict::able : CrashVerdict::unable));
    return done.findings[0];
  }
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace

TEST_CASE("a crash kernel is remembered whole, for its owner alone") {
  Scene scene;
  CHECK_FALSE(scene.armed());
  scene.arm();
  const auto armed = scene.armed();
  REQUIRE(armed);
  const ArmedKernel& kernel = armed->kernel;
  CHECK(kernel.backend == Backend::kexec_load);
  CHECK(kernel.kernel == "/boot/crash-kernel");
  CHECK(kernel.initrds == scene.kernel.initrds);
  CHECK(kernel.command_line == scene.kernel.command_line);
  CHECK(kernel.digest);
  REQUIRE(kernel.segments.size() == 2);
  CHECK(kernel.segments[1].name == "initrd");
  CHECK(kernel.segments[1].range == Range{0x72000000, 0x73000000});
  CHECK(kernel.plan.regions == scene.kernel.plan.regions);
  CHECK(kernel.plan.home == region);
  CHECK(kernel.plan.dumped == scene.kernel.plan.dumped);
  CHECK_FALSE(kernel.plan.kernel_updates);
  CHECK(kernel.plan.capacity == scene.kernel.plan.capacity);
  CHECK(kernel.plan.notes.vmcoreinfo == scene.kernel.plan.notes.vmcoreinfo);
  REQUIRE(kernel.plan.notes.cpus.size() == 2);
  CHECK(kernel.plan.notes.cpus[1].cpu == 1);
  CHECK(kernel.plan.notes.cpus[1].where == Range::sized(0x42000400, 400));
  CHECK(armed->machine.used_as_ram == RangeSet{{0x40000000, 0x80000000}});
  CHECK(armed->machine.cpus_present == std::vector<unsigned>{0, 1});

  struct stat status {};
  REQUIRE(::stat((scene.directory / "crash.json").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0600);
  forget_armed(scene.directory);
  CHECK_FALSE(scene.armed());
  forget_armed(scene.directory);
}

TEST_CASE("a crash kernel of an earlier boot is not remembered") {
  Scene scene;
  scene.arm();
  scene.machine.files["/proc/sys/kernel/random/boot_id"] = "2\n";
  CHECK_FALSE(scene.armed());
}

TEST_CASE("a capture has the record of its own boot") {
  Scene scene;
  CHECK_FALSE(*captured_armed(scene.machine));
  scene.arm();
  scene.machine.files["/run/kxf/crash.json"] = scene.scratch.read("run/kxf/crash.json");
  scene.machine.files.erase("/proc/sys/kernel/random/boot_id");
  const auto armed = captured_armed(scene.machine);
  REQUIRE(armed);
  REQUIRE(*armed);
  CHECK((*armed)->kernel.kernel == "/boot/crash-kernel");
}

TEST_CASE("a damaged record of a crash kernel is refused, whatever is wrong with it") {
  Scene scene;
  scene.arm();
  const std::string whole = scene.scratch.read("run/kxf/crash.json");
  const auto refused = [&](const std::string& text) {
    scene.scratch.write("run/kxf/crash.json", text);
    const auto armed = remembered_armed(scene.machine, scene.directory);
    REQUIRE_FALSE(armed);
    CHECK(contains(armed.error().message, "crash.json\" is damaged"));
    CHECK(contains(armed.error().remedy, "kxf load --crash"));
  };
  for (const std::string_view text : {"", "[]", "{", R"({"schema": 1, "boot_id": "1"})"})
    refused(std::string(text));
  const std::pair<std::string_view, std::string_view> changes[] = {
      {R"("backend": "kexec_load")", R"("backend": "kexec")"},
      {R"("digest": true)", R"("digest": 1)"},
      {R"("cpu": 0)", R"("cpu": -1)"},
      {R"("cpu": 0)", R"("cpu": 4294967296)"},
      {R"("cpu": 0)", R"("cpuu": 0)"},
      {R"("0x42000000")", R"("42000000")"},
      {R"("region_bytes")", R"("region")"},
      {R"("region_bytes": )", R"("region_bytes": -)"},
      {R"("files_evidence": ")", R"("files_evidence": "x)"},
      {R"("dumped": [)", R"("dumped": ["0x1", )"},
      {R"("initrds": [)", R"("initrds": [7, )"},
      {R"("home": [)", R"("home": ["0x0", )"},
      {R"("cpus_present": [)", R"("cpus_present": ["0", )"}};
  for (const auto& [from, to] : changes) {
    CAPTURE(to);
    std::string text = whole;
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    refused(text.replace(at, from.size(), to));
  }
}

TEST_CASE("ranges and numbers survive being remembered") {
  CHECK(rc::check("what is read is what was written", [] {
    Scene scene;
    std::vector<Range> ranges;
    for (const auto& [start, size] :
         *rc::gen::container<std::vector<std::pair<std::uint64_t, std::uint64_t>>>(rc::gen::pair(
             rc::gen::arbitrary<std::uint64_t>(), rc::gen::arbitrary<std::uint64_t>())))
      ranges.push_back(Range::sized(start, size));
    scene.kernel.plan.dumped = RangeSet(ranges);
    scene.kernel.plan.capacity.loaded_bytes = *rc::gen::arbitrary<std::uint64_t>();
    scene.kernel.command_line = *rc::gen::string<std::string>();
    scene.arm();
    const auto armed = scene.armed();
    RC_ASSERT(armed);
    RC_ASSERT(armed->kernel.plan.dumped == scene.kernel.plan.dumped);
    RC_ASSERT(armed->kernel.plan.capacity == scene.kernel.plan.capacity);
  }));
}

TEST_CASE("nothing has changed: the crash kernel can dump") {
  Scene scene;
  scene.arm();
  const CrashCheck done = scene.check();
  CHECK(done.verdict == CrashVerdict::able);
  CHECK(done.findings.empty());
}

TEST_CASE("a crash kernel that is not there, or not kxf's, is told apart") {
  Scene scene;
  SUBCASE("none, and no memory for one") {
    scene.status = {false, true, false, 0};
    const CrashCheck done = scene.check();
    CHECK(done.verdict == CrashVerdict::not_armed);
    REQUIRE(done.findings.size() == 1);
    CHECK(contains(done.findings[0].text, "no memory is reserved"));
    CHECK(contains(done.findings[0].remedy, "crashkernel="));
  }
  SUBCASE("none, by a kernel without crash support") {
    scene.status = {};
    const CrashCheck done = scene.check();
    CHECK(done.verdict == CrashVerdict::not_armed);
    CHECK(contains(done.findings.at(0).remedy, "CONFIG_CRASH_DUMP"));
  }
  SUBCASE("unloaded by another program") {
    scene.arm();
    scene.status.crash_loaded = false;
    const CrashCheck done = scene.check();
    CHECK(done.verdict == CrashVerdict::not_armed);
    CHECK(contains(done.findings.at(0).text, "another program has unloaded it"));
  }
  SUBCASE("loaded by another program") {
    const CrashCheck done = scene.check();
    CHECK(done.verdict == CrashVerdict::unknown);
    CHECK(done.findings.at(0).id == "crash-armed-by-other");
  }
}

TEST_CASE("memory that came or went since is found, with its ranges") {
  Scene scene;
  scene.arm();
  auto& iomem = scene.machine.files["/proc/iomem"];
  SUBCASE("added") {
    iomem += "100000000-13fffffff : System RAM\n";
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-memory-added");
    CHECK(contains(found.text, "0x100000000-0x13fffffff (1 GiB); a dump will not hold it"));
    CHECK(contains(found.remedy, "kxf load --crash"));
  }
  SUBCASE("added by a driver") {
    iomem += "100000000-13fffffff : System RAM (kmem)\n";
    CHECK(scene.finding().id == "crash-memory-added");
  }
  SUBCASE("removed") {
    iomem = "50000000-7fffffff : System RAM\n" + crash_line;
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-memory-removed");
    CHECK(contains(found.text, "0x40000000-0x4fffffff (256 MiB)"));
  }
  SUBCASE("a driver came: nothing to do with RAM") {
    iomem += "9000000-9000fff : pl011@9000000\n";
    CHECK(scene.check().verdict == CrashVerdict::able);
  }
  SUBCASE("the kernel says that it keeps the header up to date") {
    iomem += "100000000-13fffffff : System RAM\n";
    scene.machine.files["/sys/devices/system/memory/crash_hotplug"] = "1\n";
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-memory-added");
    CHECK(contains(found.text, "has put it into the core header itself"));
    CHECK(found.remedy.empty());
  }
  SUBCASE("hidden from this user") {
    iomem = "00000000-00000000 : System RAM\n";
    const auto done = check_crash(scene.machine, scene.status, scene.armed());
    REQUIRE_FALSE(done);
    CHECK(contains(done.error().remedy, "root"));
  }
}

TEST_CASE("what was found at the load counts where the kernel does not say that it updates") {
  Scene scene;
  scene.kernel.plan.kernel_updates = true;
  scene.arm();
  scene.machine.files["/proc/iomem"] += "100000000-13fffffff : System RAM\n";
  CHECK(scene.check().verdict == CrashVerdict::able);
  scene.machine.files["/sys/devices/system/memory/crash_hotplug"] = "0\n";
  CHECK(scene.check().verdict == CrashVerdict::unable);
}

TEST_CASE("CPUs that came, went or moved are found") {
  Scene scene;
  scene.arm();
  SUBCASE("came") {
    set_notes(scene.machine, 2, 0x43000000);
    set_notes(scene.machine, 3, 0x43000400);
    set_notes(scene.machine, 7, 0x43000800);
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-cpus-added");
    CHECK(contains(found.text, "CPUs 2 to 3, 7 came; "));
  }
  SUBCASE("came where notes were from the beginning") {
    scene.machine.files["/sys/devices/system/cpu/present"] = "0-2\n";
    CHECK(contains(scene.finding().text, "CPU 2 came; "));
  }
  SUBCASE("came, and the kernel has put it into the header") {
    set_notes(scene.machine, 2, 0x43000000);
    scene.machine.files["/sys/devices/system/cpu/crash_hotplug"] = "1\n";
    CHECK(scene.finding().remedy.empty());
  }
  SUBCASE("went") {
    scene.machine.files.erase("/sys/devices/system/cpu/cpu1/crash_notes");
    scene.machine.files.erase("/sys/devices/system/cpu/cpu1/crash_notes_size");
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-cpus-removed");
    CHECK(found.remedy.empty());
  }
  SUBCASE("moved") {
    set_notes(scene.machine, 1, 0x43000000);
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-notes-moved");
    CHECK(contains(found.text, "CPU 1 "));
  }
  SUBCASE("VMCOREINFO moved: nobody updates that") {
    scene.machine.files["/sys/kernel/vmcoreinfo"] = "0x45000000 1024\n";
    scene.machine.files["/sys/devices/system/cpu/crash_hotplug"] = "1\n";
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-vmcoreinfo-moved");
    CHECK(contains(found.text, "0x45000000"));
    CHECK_FALSE(found.remedy.empty());
  }
  SUBCASE("unreadable now") {
    scene.machine.files["/sys/devices/system/cpu/cpu0/crash_notes"] = "nothing\n";
    CHECK_FALSE(check_crash(scene.machine, scene.status, scene.armed()));
  }
}

TEST_CASE("where the notes were not known at the load, nobody can tell") {
  Scene scene;
  scene.kernel.plan.notes = {};
  scene.arm();
  CHECK(scene.finding().id == "crash-facts");
}

TEST_CASE("the region is checked for its place and its size") {
  Scene scene;
  SUBCASE("it moved") {
    scene.arm();
    scene.machine.files["/proc/iomem"] = ram + "  60000000-6fffffff : Crash kernel\n";
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-region-changed");
    CHECK(contains(found.text, "0x60000000-0x6fffffff now, and was 0x70000000-0x7fffffff"));
  }
  SUBCASE("too small from the beginning") {
    scene.kernel.plan.capacity.working_bytes = 200 * mib;
    scene.arm();
    const CrashFinding found = scene.finding();
    CHECK(found.id == "crash-region-small");
    CHECK(contains(found.text, "256 MiB"));
    CHECK(contains(found.text, "= 300 MiB"));
    CHECK(contains(found.remedy, "crashkernel=304M"));
  }
  SUBCASE("not listed: the kernel's word for its size") {
    scene.machine.files["/proc/iomem"] = ram;
    scene.arm();
    CHECK(scene.check().verdict == CrashVerdict::able);
    scene.status.crash_size_bytes = 128 * mib;
    CHECK(scene.finding().id == "crash-region-small");
  }
}

TEST_CASE("a check of 4096 CPUs and 65536 ranges takes no time to speak of") {
  Scene scene;
  std::vector<Range> ranges;
  std::string iomem;
  for (std::uint64_t i = 0; i < 65536; ++i) {
    ranges.push_back(Range::sized(0x100000000 + i * 0x200000, 0x100000));
    iomem += fmt::format("{:x}-{:x} : System RAM\n", ranges.back().start, ranges.back().end - 1);
  }
  scene.machine.files["/proc/iomem"] = ram + crash_line + iomem;
  for (unsigned cpu = 0; cpu < 4096; ++cpu)
    set_notes(scene.machine, 3 * cpu, 0x44000000 + cpu * 0x400);
  scene.kernel.plan.notes = crash_notes(scene.machine).value();
  scene.kernel.plan.dumped = RangeSet(ranges);
  scene.arm();
  CHECK(scene.check().verdict == CrashVerdict::able);
}

TEST_CASE("docs/crash.md explains every id that begins with crash-") {
  const std::filesystem::path source = KXF_SOURCE_DIR;
  const auto contents = [](const std::filesystem::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string document = contents(source / "docs/crash.md");
  const std::regex id("\"(crash-[a-z-]+)\"");
  unsigned found = 0;
  for (const char* const folder : {"core", "plugins"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / folder)) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string text = contents(entry.path());
      for (auto match = std::sregex_iterator(text.begin(), text.end(), id);
           match != std::sregex_iterator(); ++match) {
        const std::string name = (*match)[1];
        if (name == "crash-kernel") continue;  // a kind of memory
        ++found;
        CHECK_MESSAGE(contains(document, "`" + name + "`"), name);
      }
    }
  CHECK(found >= 10);
}

}  // namespace crash_check_test
