// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "crash/notes.hpp"
#include "fake_registry.hpp"
#include "map_machine.hpp"

namespace crash_notes_test {

using namespace kxf;       // NOLINT(google-build-using-namespace)
using namespace kxf_test;  // NOLINT(google-build-using-namespace)

namespace {

std::string cpu_file(unsigned cpu, std::string_view name) {
  return fmt::format("/sys/devices/system/cpu/cpu{}/{}", cpu, name);
}

void set_cpu(MapMachine& machine, unsigned cpu, std::string_view address,
             std::string_view size = "424") {
  machine.files[cpu_file(cpu, "crash_notes")] = fmt::format("{}\n", address);
  machine.files[cpu_file(cpu, "crash_notes_size")] = fmt::format("{}\n", size);
}

/// One CPU.
void set_up(MapMachine& machine) {
  set_cpu(machine, 0, "bfbc1200");
  machine.files["/sys/kernel/vmcoreinfo"] = "0x0000000040dc4000 1024\n";
}

std::string refusal(const Machine& machine) {
  const auto notes = crash_notes(machine);
  REQUIRE_FALSE(notes);
  CHECK(notes.error().fault == Fault::refused);
  CHECK_FALSE(notes.error().remedy.empty());
  return notes.error().message;
}

std::vector<unsigned> cpus_of(const CrashNotes& notes) {
  std::vector<unsigned> cpus;
  for (const CpuNotes& each : notes.cpus) cpus.push_back(each.cpu);
  return cpus;
}

}  // namespace

TEST_CASE("notes of every CPU that has a directory, by number, however sparse") {
  MapMachine machine;
  set_up(machine);
  for (const unsigned cpu : {10U, 2U, 4095U, 128U})
    set_cpu(machine, cpu, fmt::format("{:x}", 0x80000000 + cpu * 0x1000));
  machine.files["/sys/devices/system/cpu/cpufreq/policy0"] = "";
  machine.files["/sys/devices/system/cpu/cpu/x"] = "";
  machine.files["/sys/devices/system/cpu/online"] = "0\n";
  const auto notes = crash_notes(machine);
  REQUIRE_MESSAGE(notes, (notes ? "" : notes.error().message));
  CHECK(cpus_of(*notes) == std::vector<unsigned>{0, 2, 10, 128, 4095});
  // The address is hexadecimal, the size decimal; of VMCOREINFO both are hexadecimal.
  CHECK(notes->cpus[0].where == Range::sized(0xbfbc1200, 424));
  CHECK(notes->cpus[4].where == Range::sized(0x80fff000, 424));
  CHECK(notes->vmcoreinfo == Range::sized(0x40dc4000, 0x1024));
}

TEST_CASE("a kernel that does not tell the size of notes gets the old one") {
  MapMachine machine;
  set_up(machine);
  machine.files.erase(cpu_file(0, "crash_notes_size"));
  machine.files["/sys/kernel/vmcoreinfo"] = "40dc4000 1024";
  const auto notes = crash_notes(machine);
  REQUIRE(notes);
  CHECK(notes->cpus[0].where == Range::sized(0xbfbc1200, 1024));
  CHECK(notes->vmcoreinfo == Range::sized(0x40dc4000, 0x1024));
}

TEST_CASE("notes that make no sense are refused") {
  for (const auto& [address, size, problem] :
       {std::array{"0", "424", "no notes can be at that address"},
        std::array{"bfbc1201", "424", "no notes can be at that address"},
        std::array{"bfbc1200", "0", "notes cannot have 0 bytes"},
        std::array{"bfbc1200", "11", "notes cannot have 11 bytes"},
        std::array{"bfbc1200", "1048577", "notes cannot have 1048577 bytes"},
        std::array{"fffffffffffffff0", "424", "wraps"},
        std::array{"1ffffffffffffffff", "424", "no place of notes"},
        std::array{"", "424", "no place of notes"}, std::array{"-1", "424", "no place of notes"},
        std::array{"bfbc1200", "1a8", "is no number"},
        std::array{"bfbc1200", "", "is no number"}}) {
    CAPTURE(address);
    CAPTURE(size);
    MapMachine machine;
    set_up(machine);
    set_cpu(machine, 0, address, size);
    CHECK(contains(refusal(machine), problem));
  }
  for (const auto& [text, problem] :
       {std::array{"", "no place of notes"}, std::array{"0x40dc4000", "no place of notes"},
        std::array{"0x40dc4000 ", "no place of notes"}, std::array{"0x0 1024", "at that address"},
        std::array{"0x40dc4000 100001", "cannot have"}, std::array{"nowhere 1024", "no place"},
        std::array{"0x40dc4000 1024 7", "no place"}}) {
    CAPTURE(text);
    MapMachine machine;
    set_up(machine);
    machine.files["/sys/kernel/vmcoreinfo"] = text;
    const std::string message = refusal(machine);
    CHECK(contains(message, problem));
    CHECK(contains(message, "/sys/kernel/vmcoreinfo"));
  }
}

TEST_CASE("notes of two CPUs at one place are refused") {
  MapMachine machine;
  set_up(machine);
  set_cpu(machine, 7, "bfbc1200");
  CHECK(contains(refusal(machine), "overlap"));
  set_cpu(machine, 7, "bfbc13a4");  // the last 4 bytes of the first
  CHECK(contains(refusal(machine), "overlap"));
  set_cpu(machine, 7, "bfbc13a8");
  CHECK(crash_notes(machine));
}

TEST_CASE("a kernel without crash support, and files that only root reads") {
  MapMachine machine;
  set_up(machine);
  machine.unreadable.insert(cpu_file(0, "crash_notes"));
  CHECK(refusal(machine) == cpu_file(0, "crash_notes") + ": permission denied");
  machine.unreadable.clear();

  machine.files["/sys/devices/system/cpu/cpu1/online"] = "1";
  CHECK(
      contains(refusal(machine), "no crash support: there is no \"/sys/devices/system/cpu/cpu1/"));
  machine.files.erase("/sys/devices/system/cpu/cpu1/online");
  machine.files.erase("/sys/kernel/vmcoreinfo");
  CHECK(contains(refusal(machine), "no crash support: there is no \"/sys/kernel/vmcoreinfo\""));
  CHECK(contains(refusal(MapMachine()), "no CPU has a directory"));
}

TEST_CASE("the size of a core header that the kernel updates, at its new and its old place") {
  MapMachine machine;
  CHECK_FALSE(updated_core_header_size(machine));
  machine.files["/sys/kernel/crash_elfcorehdr_size"] = "458816\n";
  CHECK(updated_core_header_size(machine) == 458816);
  machine.files["/sys/kernel/kexec/crash_elfcorehdr_size"] = "65536\n";
  CHECK(updated_core_header_size(machine) == 65536);
  machine.files["/sys/kernel/kexec/crash_elfcorehdr_size"] = "0\n";
  CHECK_FALSE(updated_core_header_size(machine));
}

}  // namespace crash_notes_test
