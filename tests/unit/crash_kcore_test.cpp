// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <tuple>

#include "core_file.hpp"
#include "fake_registry.hpp"
#include "kxf/crash.hpp"
#include "machine/open.hpp"
#include "map_machine.hpp"

namespace crash_kcore_test {

using namespace kxf;       // NOLINT(google-build-using-namespace)
using namespace kxf_test;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint64_t unknown = UINT64_MAX;

MapMachine with_kcore(const CoreFile& kcore) { return {"/proc/kcore", kcore.bytes()}; }

std::vector<std::tuple<Range, std::uint64_t>> segments_of(const Machine& machine) {
  const auto found = kcore_segments(machine);
  REQUIRE_MESSAGE(found, (found ? "" : found.error().message));
  std::vector<std::tuple<Range, std::uint64_t>> segments;
  for (const KcoreSegment& each : *found) segments.emplace_back(each.physical, each.virtual_start);
  return segments;
}

/// Fails the test when there is no error with a remedy.
template <class T>
std::string refusal(const Result<T>& result) {
  REQUIRE_FALSE(result);
  CHECK(result.error().fault == Fault::refused);
  CHECK_FALSE(result.error().remedy.empty());
  return result.error().message;
}

}  // namespace

TEST_CASE("kcore's segments are those with a physical address, in the byte order of the file") {
  for (const Endian endian : {Endian::little, Endian::big}) {
    CAPTURE(name_of(endian));
    CoreFile kcore{.endian = endian};
    kcore.load(0x40200000, 0xffffffe840400000, 0x840000)
        .load(unknown, 0xffffffc008000000, 0x3de8000000)
        .load(0x40000000, 0xffffff8000000000, 0x80000000)
        .load(0x90000000, 0xffffff9000000000, 0);
    using Segments = std::vector<std::tuple<Range, std::uint64_t>>;
    CHECK(segments_of(with_kcore(kcore)) ==
          Segments{{{0x40200000, 0x40a40000}, 0xffffffe840400000},
                   {{0x40000000, 0xc0000000}, 0xffffff8000000000}});
  }
}

TEST_CASE("a kcore whose physical addresses are all zero does not tell them") {
  CoreFile kcore;
  kcore.load(0, 0xffffff8008000000, 0x1000000).load(0, 0xffffffc000000000, 0x40000000);
  CHECK(segments_of(with_kcore(kcore)).empty());
  // One of several at 0 does: RAM begins there.
  kcore.load(0x80000000, 0xffffffd000000000, 0x1000);
  CHECK(segments_of(with_kcore(kcore)).size() == 3);
  CHECK(segments_of(with_kcore(CoreFile{}.load(0, 0xc000000000000000, 0x1000))).size() == 1);
}

TEST_CASE("VMCOREINFO is found among kcore's notes") {
  const std::string text = "OSRELEASE=6.1.0\nNUMBER(VA_BITS)=48\nEMPTY=\nNUMBER(VA_BITS)X=1\n";
  for (const Endian endian : {Endian::little, Endian::big}) {
    CAPTURE(name_of(endian));
    const CoreFile kcore{.endian = endian,
                         .notes = {{"CORE", std::string(13, '\1')},
                                   {"VMCOREINFO", text + std::string(5, '\0')},
                                   {"VMCOREINFO", "OSRELEASE=second\n"}}};
    const auto found = vmcoreinfo(with_kcore(kcore));
    REQUIRE(found);
    CHECK(*found == text);
  }
  CHECK(vmcoreinfo_value(text, "OSRELEASE") == "6.1.0");
  CHECK(vmcoreinfo_value(text, "NUMBER(VA_BITS)") == "48");
  CHECK(vmcoreinfo_value(text, "EMPTY") == "");
  CHECK_FALSE(vmcoreinfo_value(text, "VA_BITS)"));
  CHECK_FALSE(vmcoreinfo_value(text, "OSREL"));
  CHECK_FALSE(vmcoreinfo_value("", "OSRELEASE"));
  CHECK(vmcoreinfo_value("LAST=1", "LAST") == "1");
}

TEST_CASE("a kcore without VMCOREINFO is refused") {
  CHECK(
      contains(refusal(vmcoreinfo(with_kcore({.notes = {{"CORE", "x"}}}))), "no VMCOREINFO note"));
  CHECK(contains(refusal(vmcoreinfo(with_kcore({.notes = {{"", ""}, {"", ""}}}))),
                 "no VMCOREINFO note"));
}

TEST_CASE("a kcore that is absent, unreadable or damaged is refused") {
  MapMachine machine;
  CHECK(refusal(kcore_segments(machine)) == "there is no \"/proc/kcore\"");
  CHECK(refusal(vmcoreinfo(machine)) == "there is no \"/proc/kcore\"");

  const CoreFile sound{.notes = {{"VMCOREINFO", "A=1\n"}}};
  machine.files["/proc/kcore"] = sound.bytes();
  machine.unreadable.insert("/proc/kcore");
  CHECK(contains(refusal(kcore_segments(machine)), "permission denied"));
  machine.unreadable.clear();

  const auto damage = [&](std::size_t at, char byte) {
    std::string file = sound.bytes();
    file[at] = byte;
    machine.files["/proc/kcore"] = file;
    return refusal(kcore_segments(machine));
  };
  CHECK(contains(damage(0, 'x'), "the magic is missing"));
  CHECK(contains(damage(EI_CLASS, ELFCLASS32), "not of 64 bits"));
  CHECK(contains(damage(EI_DATA, 7), "byte order"));
  CHECK(contains(damage(offsetof(Elf64_Ehdr, e_type), ET_EXEC), "its type"));
  CHECK(contains(damage(offsetof(Elf64_Ehdr, e_phentsize), 55), "another size"));
  CHECK(contains(damage(offsetof(Elf64_Ehdr, e_phnum), 9), "ends at byte"));
  CHECK(contains(damage(offsetof(Elf64_Ehdr, e_phoff) + 7, '\x7f'), "ends at byte"));

  const std::string whole = sound.bytes();
  machine.files["/proc/kcore"] = whole.substr(0, whole.size() - 1);
  CHECK(contains(refusal(vmcoreinfo(machine)), "its notes"));
  machine.files["/proc/kcore"] = whole;
  machine.files["/proc/kcore"][whole.size() - 4 - 12 - 8] = 100;  // the note's size
  CHECK(contains(refusal(vmcoreinfo(machine)), "its notes"));
  machine.files["/proc/kcore"].clear();
  CHECK(contains(refusal(kcore_segments(machine)), "no ELF64 core file"));
}

TEST_CASE("a kernel symbol is looked up, hidden ones are not there") {
  MapMachine machine;
  CHECK_FALSE(kernel_symbol(machine, "_text"));
  machine.files["/proc/kallsyms"] =
      "ffff800008000000 T _text\nffff800008010000 T _stext\n0000000000000000 B _end\n"
      "ffff000000001000 t _edata\t[module]\nnonsense\nzz T _etext\nffff80000b000000 D _edata";
  CHECK(kernel_symbol(machine, "_text") == 0xffff800008000000);
  CHECK(kernel_symbol(machine, "_stext") == 0xffff800008010000);
  CHECK(kernel_symbol(machine, "_edata") == 0xffff80000b000000);
  CHECK_FALSE(kernel_symbol(machine, "_end"));
  CHECK_FALSE(kernel_symbol(machine, "_etext"));
  CHECK_FALSE(kernel_symbol(machine, "text"));
  CHECK_FALSE(kernel_symbol(machine, "nonsense"));
}

TEST_CASE("kcore of recorded machines: kernel text and linear map agree with VMCOREINFO") {
  for (const std::string_view name : {"virt-crash", "virt-efi-acpi", "raspi3b", "pseries-drconf"}) {
    CAPTURE(name);
    const auto machine = open_machine(std::filesystem::path(KXF_SOURCE_DIR) / "tests/machines" /
                                      (std::string(name) + ".tar"));
    REQUIRE(machine);
    const auto segments = kcore_segments(**machine);
    REQUIRE(segments);
    const auto info = vmcoreinfo(**machine);
    REQUIRE(info);
    CHECK(vmcoreinfo_value(*info, "OSRELEASE") == (*machine)->facts().kernel_release);
    // The first symbol of the text lies in the first segment that has its address.
    const auto start = kernel_symbol(**machine, "_stext");
    REQUIRE(start);
    CHECK(std::ranges::any_of(*segments, [&](const KcoreSegment& each) {
      return Range::sized(each.virtual_start, each.physical.size_bytes()).contains(*start);
    }));
  }
}

}  // namespace crash_kcore_test
