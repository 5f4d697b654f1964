// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "arm64/arm64.hpp"
#include "arm64/cpu_table.hpp"
#include "map_machine.hpp"
#include "plan/placer.hpp"

namespace arm64_architecture_test {
namespace {

using kxf::Endian;
using kxf::Placement;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;
constexpr std::uint64_t gib = 1024 * mib;

const kxf::Settings automatic{{"page-sizes", "auto"}, {"big-endian", "auto"}};

/// A machine with these values of MIDR_EL1, one for each CPU.
struct CpuMachine {
  MapMachine machine{};

  CpuMachine(std::initializer_list<const char*> midrs, std::uint64_t page = 4096) {
    machine.own_facts.page_size_bytes = page;
    int number = 0;
    for (const char* midr : midrs)
      machine.files["/sys/devices/system/cpu/cpu" + std::to_string(number++) +
                    "/regs/identification/midr_el1"] = std::string(midr) + "\n";
  }
  operator const kxf::Machine&() const { return machine; }  // NOLINT(google-explicit-constructor)
};

constexpr const char* cortex_a57 = "0x00000000411fd070";
constexpr const char* cortex_a55 = "0x00000000412fd050";
constexpr const char* apple_m1 = "0x00000000611f0221";
constexpr const char* made_up = "0x00000000991f1230";

kxf::KernelSpec kernel_for(std::optional<std::uint64_t> page, Endian endian = Endian::little) {
  kxf::KernelSpec kernel;
  kernel.machine = "aarch64";
  kernel.page_size_bytes = page;
  kernel.endian = endian;
  kernel.memory_size = 32 * mib;
  kernel.base_alignment = 2 * mib;
  return kernel;
}

kxf::Result<kxf::KernelSpec> check(const kxf::Machine& machine, const kxf::KernelSpec& kernel,
                                   kxf::Record& record, const kxf::Settings& settings = automatic) {
  const kxf::MemoryMap memory;
  return kxf::arm64::architecture().adapt_kernel({machine, kernel, memory, settings}, record);
}

std::string refusal(const kxf::Machine& machine, const kxf::KernelSpec& kernel,
                    const kxf::Settings& settings = automatic) {
  kxf::Record record;
  const auto status = check(machine, kernel, record, settings);
  REQUIRE_FALSE(status.has_value());
  CHECK_FALSE(status.error().remedy.empty());
  return status.error().message;
}

/// The ids of the warnings of a kernel that is let through.
std::vector<std::string> warnings(const kxf::Machine& machine, const kxf::KernelSpec& kernel,
                                  const kxf::Settings& settings = automatic) {
  kxf::Record record;
  const auto status = check(machine, kernel, record, settings);
  REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message));
  std::vector<std::string> ids;
  for (const kxf::Warning& warning : record.warnings()) ids.push_back(warning.id);
  return ids;
}

const std::vector<std::string> none;

std::vector<kxf::PlacementRule> rules_for(const kxf::KernelSpec& kernel,
                                          const kxf::SegmentSizes& sizes,
                                          std::uint64_t page = 4096) {
  MapMachine machine;
  machine.own_facts.page_size_bytes = page;
  const kxf::MemoryMap memory;
  kxf::Record record;
  const auto rules = kxf::arm64::architecture().placement_rules(
      {machine, kernel, memory, automatic}, sizes, record);
  REQUIRE_MESSAGE(rules.has_value(), (rules ? "" : rules.error().message));
  return *rules;
}

std::vector<kxf::Place> places_in(const kxf::RangeSet& ram,
                                  const std::vector<kxf::PlacementRule>& rules) {
  std::vector<kxf::MemoryRange> ranges;
  for (const kxf::Range& range : ram)
    ranges.push_back({range, kxf::MemoryKind::ram, "System RAM", "iomem"});
  const kxf::MemoryMap memory(ranges, {});
  const auto places = kxf::place_segments({memory, ram, 4096}, rules);
  REQUIRE_MESSAGE(places.has_value(), (places ? "" : places.error().message));
  return *places;
}

kxf::Range place_of(const std::vector<kxf::Place>& places, std::string_view name) {
  for (const kxf::Place& place : places)
    if (place.name == name) return place.range;
  FAIL("no place for " << name);
  return {};
}

}  // namespace

TEST_CASE("arm64 handles aarch64 machines and no others") {
  const auto handles = [](const char* hardware) {
    return kxf::arm64::architecture().handles({hardware, "6.1", 4096, Endian::little});
  };
  CHECK(handles("aarch64"));
  CHECK_FALSE(handles("armv7l"));
  CHECK_FALSE(handles("ppc64le"));
  CHECK(kxf::arm64::architecture().traits().kexec_arch == 183);
  CHECK(kxf::arm64::architecture().traits().command_line_limit == 2048);
}

TEST_CASE("a kernel for another machine is refused") {
  kxf::KernelSpec kernel = kernel_for(4096);
  kernel.machine = "ppc64";
  CHECK(refusal(CpuMachine({cortex_a57}), kernel) ==
        "the image is for ppc64, this machine is aarch64");
}

TEST_CASE("a page size that the CPU does not have is refused by name") {
  const CpuMachine machine({cortex_a57, cortex_a57});
  CHECK(refusal(machine, kernel_for(16 * kib)) ==
        "arm64 image wants 16 KiB pages, this CPU (Cortex-A57) supports 4 KiB and 64 KiB");
  CHECK(warnings(machine, kernel_for(4 * kib)) == none);
  CHECK(warnings(machine, kernel_for(64 * kib)) == none);
  CHECK(warnings(machine, kernel_for(std::nullopt)) == none);
}

TEST_CASE("of different CPUs the least able one decides") {
  CHECK(warnings(CpuMachine({cortex_a55}), kernel_for(16 * kib)) == none);
  CHECK(refusal(CpuMachine({cortex_a55, cortex_a57}), kernel_for(16 * kib)) ==
        "arm64 image wants 16 KiB pages, this CPU (Cortex-A55, Cortex-A57) supports 4 KiB and 64 "
        "KiB");
  // one that is not known does not help against one that is known to be unable
  CHECK(refusal(CpuMachine({made_up, cortex_a57}), kernel_for(16 * kib))
            .starts_with("arm64 image wants 16 KiB pages"));
}

TEST_CASE("a page size that no table vouches for is a warning, unless it is the running one") {
  CHECK(warnings(CpuMachine({made_up}), kernel_for(16 * kib)) ==
        std::vector<std::string>{"page-size-unverified"});
  CHECK(warnings(CpuMachine({}), kernel_for(16 * kib)) ==
        std::vector<std::string>{"page-size-unverified"});
  CHECK(warnings(CpuMachine({made_up}), kernel_for(4 * kib)) == none);
  const CpuMachine machine({apple_m1}, 16 * kib);
  CHECK(warnings(machine, kernel_for(16 * kib)) == none);
  CHECK(refusal(machine, kernel_for(64 * kib)) ==
        "arm64 image wants 64 KiB pages, this CPU (Apple M1 Icestorm) supports 4 KiB and 16 KiB");
}

TEST_CASE("the setting page-sizes overrides the table") {
  const CpuMachine machine({cortex_a57});
  CHECK(warnings(machine, kernel_for(16 * kib), {{"page-sizes", "4K,16K"}}) == none);
  CHECK(refusal(machine, kernel_for(64 * kib), {{"page-sizes", "4K,16K"}}) ==
        "arm64 image wants 64 KiB pages, the profile says that this CPU supports 4 KiB and 16 KiB");
  CHECK(refusal(machine, kernel_for(4 * kib), {{"page-sizes", "4K,8K"}}) ==
        "setting page-sizes of the architecture arm64 is \"4K,8K\": \"8K\" is no page size");
  CHECK(refusal(machine, kernel_for(4 * kib), {{"page-sizes", ""}}).find("is no page size") !=
        std::string::npos);
}

TEST_CASE("a big-endian kernel is refused where the CPU cannot be") {
  CHECK(refusal(CpuMachine({apple_m1}), kernel_for(4 * kib, Endian::big)) ==
        "arm64 image is big-endian, this CPU (Apple M1 Icestorm) is only little-endian");
  CHECK(
      refusal(CpuMachine({cortex_a57}), kernel_for(4 * kib, Endian::big), {{"big-endian", "no"}}) ==
      "arm64 image is big-endian, the profile says that this CPU is only little-endian");
  CHECK(warnings(CpuMachine({cortex_a57}), kernel_for(4 * kib, Endian::big)) == none);
  CHECK(warnings(CpuMachine({apple_m1}), kernel_for(4 * kib, Endian::big),
                 {{"big-endian", "yes"}}) == none);
  CHECK(warnings(CpuMachine({made_up}), kernel_for(4 * kib, Endian::big)) ==
        std::vector<std::string>{"byte-order-unverified"});
  CHECK(refusal(CpuMachine({cortex_a57}), kernel_for(4 * kib), {{"big-endian", "maybe"}}) ==
        "setting big-endian of the architecture arm64 is \"maybe\"");
}

TEST_CASE("CPUs are found in sysfs, else in /proc/cpuinfo") {
  MapMachine machine;
  machine.files["/proc/cpuinfo"] =
      "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd03\n\n"
      "processor\t: 1\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n\n"
      "processor\t: 2\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n";
  CHECK(kxf::arm64::cpu_ids(machine) ==
        std::vector<kxf::arm64::CpuId>{{0x41, 0xd03}, {0x41, 0xd08}});
  machine.files["/sys/devices/system/cpu/cpu0/regs/identification/midr_el1"] = cortex_a55;
  machine.files["/sys/devices/system/cpu/cpufreq/boost"] = "0";
  CHECK(kxf::arm64::cpu_ids(machine) == std::vector<kxf::arm64::CpuId>{{0x41, 0xd05}});
  machine.files.clear();
  CHECK(kxf::arm64::cpu_ids(machine).empty());
}

TEST_CASE("segments of a relocatable kernel share its window of 32 GiB") {
  kxf::KernelSpec kernel = kernel_for(4096);
  kernel.placement = Placement::anywhere;
  const auto rules = rules_for(kernel, {48 * mib, 60 * kib, 20 * kib});
  // low memory that is large enough for the kernel only, then a hole, then a lot
  const kxf::RangeSet ram{{gib, gib + 34 * mib}, {64 * gib, 66 * gib}};
  const auto places = places_in(ram, rules);
  const kxf::Range at = place_of(places, "kernel");
  CHECK(at.start % (2 * mib) == 0);
  for (const char* name : {"initrd", "dtb"}) {
    CAPTURE(name);
    CHECK(place_of(places, name).start >= kxf::align_down(at.start, gib));
    CHECK(place_of(places, name).end <= kxf::align_down(at.start, gib) + 32 * gib);
  }
  const kxf::Range tree = place_of(places, "dtb");
  CHECK(tree.start / (2 * mib) == (tree.end - 1) / (2 * mib));
  CHECK(place_of(places, "purgatory").start % (64 * kib) == 0);
}

TEST_CASE("a kernel that cannot use memory below itself gets everything above") {
  kxf::KernelSpec kernel = kernel_for(4096);
  kernel.placement = Placement::lowest;
  kernel.base_offset = 512 * kib;
  const auto rules = rules_for(kernel, {kib, kib, 20 * kib});
  // below the kernel's start 512 KiB are free, and below its base 64 MiB that it does not fit into
  const kxf::RangeSet ram{{gib, gib + 16 * mib}, {gib + 256 * mib, 3 * gib}};
  const auto places = places_in(ram, rules);
  const kxf::Range at = place_of(places, "kernel");
  CHECK(at.start == gib + 256 * mib + 512 * kib);
  CHECK(place_of(places, "initrd").start >= at.end);
  CHECK(place_of(places, "dtb").start >= at.end);
  CHECK(place_of(places, "dtb").end <= at.start + 512 * mib);
}

TEST_CASE("a kernel never ends above 48 bits") {
  kxf::KernelSpec kernel = kernel_for(4096);
  kernel.placement = Placement::anywhere;
  const auto rules = rules_for(kernel, {0, kib, kib});
  CHECK(rules[0].name == "kernel");
  CHECK(rules[0].window.end == std::uint64_t{1} << 48);
  CHECK(std::none_of(rules.begin(), rules.end(),
                     [](const kxf::PlacementRule& rule) { return rule.name == "initrd"; }));
}

TEST_CASE("what a page size of the running kernel cannot place is refused") {
  MapMachine machine;
  machine.own_facts.page_size_bytes = 64 * kib;
  kxf::KernelSpec kernel = kernel_for(4096);
  kernel.base_offset = 4096;
  const kxf::MemoryMap memory;
  kxf::Record record;
  const auto rules = kxf::arm64::architecture().placement_rules(
      {machine, kernel, memory, automatic}, {0, kib, kib}, record);
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message ==
        "the kernel starts 0x1000 behind a boundary of 2 MiB, and the running kernel places "
        "segments at multiples of its 64 KiB pages only");
}

TEST_CASE("a tree over 2 MiB is refused") {
  MapMachine machine;
  const kxf::KernelSpec kernel = kernel_for(4096);
  const kxf::MemoryMap memory;
  kxf::Record record;
  const auto rules = kxf::arm64::architecture().placement_rules(
      {machine, kernel, memory, automatic}, {0, 2 * mib + 1, kib}, record);
  REQUIRE_FALSE(rules);
  CHECK(rules.error().message.find("allows 2 MiB") != std::string::npos);
}

TEST_CASE("a tree with EFI properties gets the one that some kernels insist on") {
  MapMachine machine;
  const kxf::KernelSpec kernel = kernel_for(4096);
  const kxf::MemoryMap memory;
  const auto adjusted = [&](const kxf::DeviceTree& tree, kxf::Record& record) {
    kxf::TreeEditor editor(tree);
    REQUIRE(kxf::arm64::architecture()
                .adjust_tree(editor, {machine, kernel, memory, automatic}, record)
                .has_value());
    return editor.tree().value();
  };
  kxf::Record record;
  SUBCASE("added when it is missing") {
    const auto tree =
        adjusted(TreeMaker().u64("/chosen", "linux,uefi-system-table", 0x1234).done(), record);
    CHECK(tree.find("/chosen")->u32("linux,uefi-secure-boot") == 0);
    REQUIRE(record.decisions().size() == 1);
    CHECK(record.decisions()[0].topic == "linux,uefi-secure-boot");
  }
  SUBCASE("left alone when it is there") {
    const auto tree = adjusted(TreeMaker()
                                   .u64("/chosen", "linux,uefi-system-table", 0x1234)
                                   .cells("/chosen", "linux,uefi-secure-boot", {2})
                                   .done(),
                               record);
    CHECK(tree.find("/chosen")->u32("linux,uefi-secure-boot") == 2);
    CHECK(record.decisions().empty());
  }
  SUBCASE("not added without EFI") {
    const auto tree = adjusted(TreeMaker().text("/chosen", "bootargs", "quiet").done(), record);
    CHECK_FALSE(tree.find("/chosen")->has("linux,uefi-secure-boot"));
  }
}

}  // namespace arm64_architecture_test
