// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "crash/elf_core.hpp"
#include "kxf/crash.hpp"
#include "text/number.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

constexpr std::string_view kcore_path = "/proc/kcore";
constexpr std::string_view kallsyms_path = "/proc/kallsyms";

/// The excerpt of /proc/kcore that a Machine gives.
struct Kcore {
  ByteVector bytes;
  Endian endian = Endian::little;
  std::vector<Elf64_Phdr> entries;
};

template <class T>
tl::unexpected<Error> damaged(Result<T>&& failed, std::string_view what) {
  Error error = std::move(failed).error().within(fmt::format("\"{}\": {}", kcore_path, what));
  error.remedy = "take the file from the running kernel as it is";
  return tl::unexpected(std::move(error));
}

Result<Kcore> read_kcore(const Machine& machine) {
  if (!machine.exists(kcore_path))
    return refuse(fmt::format("there is no \"{}\"", kcore_path),
                  "use a kernel with CONFIG_PROC_KCORE");
  KXF_TRY(bytes, machine.read(kcore_path));
  constexpr std::string_view not_core = "no ELF64 core file";
  auto start = elf_core_start(bytes);
  if (!start) return damaged(std::move(start), not_core);
  auto entries = elf_core_entries(bytes, *start);
  if (!entries) return damaged(std::move(entries), not_core);
  return Kcore{std::move(bytes), start->endian, std::move(*entries)};
}

/// Calls `take` with the name and the content of each note until it returns true. Notes of the
/// kernel are aligned to 4 bytes in 64-bit files as well (linux/fs/proc/kcore.c writes them so).
template <class Take>
Status each_note(ByteView notes, Endian endian, Take&& take) {
  const Bytes bytes(notes, endian);
  const auto behind = [](std::uint64_t at, std::uint32_t size) {
    return at + ((std::uint64_t{size} + 3) & ~std::uint64_t{3});
  };
  // What is left of fewer bytes than a header is padding.
  for (std::uint64_t at = 0; bytes.size_bytes() - at >= sizeof(Elf64_Nhdr);) {
    KXF_TRY(name_size, bytes.read<std::uint32_t>(at + offsetof(Elf64_Nhdr, n_namesz)));
    KXF_TRY(content_size, bytes.read<std::uint32_t>(at + offsetof(Elf64_Nhdr, n_descsz)));
    const std::uint64_t name_at = at + sizeof(Elf64_Nhdr);
    const std::uint64_t content_at = behind(name_at, name_size);
    KXF_TRY(name, bytes.slice(name_at, name_size));
    KXF_TRY(content, bytes.slice(content_at, content_size));
    if (take(text_of(name), content)) return {};
    at = std::min(behind(content_at, content_size), bytes.size_bytes());
  }
  return {};
}

}  // namespace

Result<std::vector<KcoreSegment>> kcore_segments(const Machine& machine) {
  KXF_TRY(kcore, read_kcore(machine));
  std::vector<KcoreSegment> segments;
  std::size_t at_zero = 0;
  for (const Elf64_Phdr& entry : kcore.entries) {
    // Linux puts -1 where virtual memory has no one physical address (vmalloc, vmemmap).
    if (entry.p_type != PT_LOAD || entry.p_filesz == 0 || entry.p_paddr == UINT64_MAX) continue;
    at_zero += entry.p_paddr == 0 ? 1 : 0;
    segments.push_back({Range::sized(entry.p_paddr, entry.p_filesz), entry.p_vaddr});
  }
  // Before 4.11 Linux left p_paddr 0 in all of them, which says nothing.
  if (at_zero > 1 && at_zero == segments.size()) segments.clear();
  return segments;
}

Result<std::string> vmcoreinfo(const Machine& machine) {
  KXF_TRY(kcore, read_kcore(machine));
  std::optional<std::string> found;
  for (const Elf64_Phdr& entry : kcore.entries) {
    if (entry.p_type != PT_NOTE || found) continue;
    auto notes = Bytes(kcore.bytes).slice(entry.p_offset, entry.p_filesz);
    if (!notes) return damaged(std::move(notes), "its notes");
    Status walked = each_note(*notes, kcore.endian, [&](std::string_view name, ByteView content) {
      // The name counts its final zero.
      if (name.substr(0, name.find('\0')) != "VMCOREINFO") return false;
      found = text_of(content);
      return true;
    });
    if (!walked) return damaged(std::move(walked), "its notes");
  }
  if (!found)
    return refuse(fmt::format("\"{}\" has no VMCOREINFO note", kcore_path),
                  "use Linux 4.19 or newer with CONFIG_CRASH_CORE or CONFIG_VMCORE_INFO");
  found->resize(std::min(found->find('\0'), found->size()));
  return std::move(*found);
}

std::optional<std::string_view> vmcoreinfo_value(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == '=')
      return line.substr(name.size() + 1);
  }
  return std::nullopt;
}

std::optional<std::uint64_t> kernel_symbol(const Machine& machine, std::string_view name) {
  const Result<ByteVector> read = machine.read(kallsyms_path);
  if (!read) return std::nullopt;
  for (std::string_view text = text_of(*read); !text.empty();) {
    // "ffff800008000000 T _text"; a symbol of a module has "\t[module]" behind it
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == last || line.substr(last + 1) != name) continue;
    const auto address = whole_number<std::uint64_t>(line.substr(0, first), 16);
    // Hidden from a user without CAP_SYSLOG; nothing of the kernel is at virtual address 0.
    if (address && *address != 0) return address;
  }
  return std::nullopt;
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
