// SPDX-License-Identifier: Apache-2.0
#include "crash/notes.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "kxf/cpu.hpp"
#include "text/number.hpp"

namespace kxf {
namespace {

constexpr std::string_view cpu_directory = "/sys/devices/system/cpu";
constexpr std::string_view vmcoreinfo_path = "/sys/kernel/vmcoreinfo";

/// Before Linux 3.9 there was no crash_notes_size. Notes were smaller than this then, and end with
/// an empty one, so that a reader stops in time.
constexpr std::uint64_t size_where_untold = 1024;

/// One CPU's notes are a few hundred bytes, VMCOREINFO is a page of at most 64 KiB and its header.
constexpr std::uint64_t limit_bytes = 1U << 20U;

constexpr std::string_view needs_crash_support =
    "boot the first kernel with CONFIG_KEXEC and CONFIG_CRASH_DUMP";
constexpr std::string_view look_at_kernel =
    "take the file from the running kernel as it is, or use another first kernel";

/// A file that a kernel with crash support has.
Result<std::string> read_required(const Machine& machine, const std::string& path) {
  if (!machine.exists(path))
    return refuse(fmt::format("the running kernel has no crash support: there is no \"{}\"", path),
                  std::string(needs_crash_support));
  return machine.read_text(path);
}

/// Where the kernel says that it will write notes.
Result<Range> notes_at(const std::string& path, std::string_view text,
                       std::optional<std::uint64_t> address, std::optional<std::uint64_t> size) {
  const auto senseless = [&](std::string_view what) {
    return refuse(fmt::format("\"{}\" holds \"{}\": {}", path, text, what),
                  std::string(look_at_kernel));
  };
  if (!address || !size) return senseless("that is no place of notes");
  // Address 0 is what a kernel that hides addresses would say.
  if (*address == 0 || *address % alignof(Elf64_Nhdr) != 0)
    return senseless("no notes can be at that address");
  if (*size < sizeof(Elf64_Nhdr) || *size > limit_bytes)
    return senseless(fmt::format("notes cannot have {} bytes", *size));
  if (*address > UINT64_MAX - *size) return senseless("that wraps around the address space");
  return Range::sized(*address, *size);
}

Result<Range> notes_of_cpu(const Machine& machine, unsigned cpu) {
  const std::string path = fmt::format("{}/cpu{}/crash_notes", cpu_directory, cpu);
  KXF_TRY(address, read_required(machine, path));
  const std::string size_path = path + "_size";
  std::uint64_t size = size_where_untold;
  if (machine.exists(size_path)) {
    KXF_TRY(size_text, machine.read_text(size_path));
    const auto told = whole_number<std::uint64_t>(size_text);
    if (!told)
      return refuse(fmt::format("\"{}\" holds \"{}\", which is no number", size_path, size_text),
                    std::string(look_at_kernel));
    size = *told;
  }
  return notes_at(path, fmt::format("{}, {} bytes", address, size),
                  whole_number<std::uint64_t>(address, 16), size);
}

/// `0x0000000040dc4000 1024`: both are hexadecimal.
Result<Range> place_of_vmcoreinfo(const Machine& machine) {
  const std::string path(vmcoreinfo_path);
  KXF_TRY(text, read_required(machine, path));
  const std::size_t space = std::min(text.find(' '), text.size());
  std::string_view address = std::string_view(text).substr(0, space);
  std::string_view size = std::string_view(text).substr(std::min(space + 1, text.size()));
  for (std::string_view* number : {&address, &size})
    if (number->starts_with("0x")) number->remove_prefix(2);
  return notes_at(path, text, whole_number<std::uint64_t>(address, 16),
                  whole_number<std::uint64_t>(size, 16));
}

/// Two notes at one place would overwrite each other.
Status check_apart(const CrashNotes& notes) {
  std::vector<CpuNotes> by_place = notes.cpus;
  std::ranges::sort(by_place, {}, [](const CpuNotes& each) { return each.where.start; });
  for (std::size_t i = 1; i < by_place.size(); ++i)
    if (by_place[i - 1].where.overlaps(by_place[i].where))
      return refuse(fmt::format("the crash notes of CPU {} at {} and of CPU {} at {} overlap",
                                by_place[i - 1].cpu, to_text(by_place[i - 1].where),
                                by_place[i].cpu, to_text(by_place[i].where)),
                    std::string(look_at_kernel));
  return {};
}

}  // namespace

Result<CrashNotes> crash_notes(const Machine& machine) {
  CrashNotes notes;
  for (const unsigned cpu : listed_cpus(machine)) {
    KXF_TRY(where, notes_of_cpu(machine, cpu));
    notes.cpus.push_back({cpu, where});
  }
  if (notes.cpus.empty())
    return refuse(fmt::format("no CPU has a directory in \"{}\"", cpu_directory),
                  "mount sysfs on /sys");
  KXF_CHECK(check_apart(notes));
  KXF_TRY(vmcoreinfo, place_of_vmcoreinfo(machine));
  notes.vmcoreinfo = vmcoreinfo;
  return notes;
}

std::optional<std::uint64_t> updated_core_header_size(const Machine& machine) {
  for (const std::string_view path :
       {"/sys/kernel/kexec/crash_elfcorehdr_size", "/sys/kernel/crash_elfcorehdr_size"}) {
    const Result<std::string> text = machine.read_text(path);
    if (!text) continue;
    // A kernel that is built with support on hardware without it says 0.
    const auto size = whole_number<std::uint64_t>(*text);
    return size && *size != 0 ? size : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace kxf
