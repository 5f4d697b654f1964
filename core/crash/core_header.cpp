// SPDX-License-Identifier: Apache-2.0
#include "crash/core_header.hpp"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "crash/elf_core.hpp"

namespace kxf {
namespace {

/// Appends the parts of a core file, in its byte order.
class Writer {
 public:
  Writer(std::uint64_t size_bytes, Endian endian) : bytes_(size_bytes), endian_(endian) {}

  void header(std::uint16_t machine, std::size_t entries) {
    std::copy_n(ELFMAG, SELFMAG, bytes_.begin());
    bytes_[EI_CLASS] = ELFCLASS64;
    bytes_[EI_DATA] = endian_ == Endian::big ? ELFDATA2MSB : ELFDATA2LSB;
    bytes_[EI_VERSION] = EV_CURRENT;
    set<std::uint16_t>(offsetof(Elf64_Ehdr, e_type), ET_CORE);
    set(offsetof(Elf64_Ehdr, e_machine), machine);
    set<std::uint32_t>(offsetof(Elf64_Ehdr, e_version), EV_CURRENT);
    set<std::uint64_t>(offsetof(Elf64_Ehdr, e_phoff), sizeof(Elf64_Ehdr));
    set<std::uint16_t>(offsetof(Elf64_Ehdr, e_ehsize), sizeof(Elf64_Ehdr));
    set<std::uint16_t>(offsetof(Elf64_Ehdr, e_phentsize), sizeof(Elf64_Phdr));
    set(offsetof(Elf64_Ehdr, e_phnum), static_cast<std::uint16_t>(entries));
    at_ = sizeof(Elf64_Ehdr);
  }

  void note(const Range& where) { entry(PT_NOTE, 0, where, 0, where.start); }
  void load(const Range& physical, std::uint64_t virtual_start, std::uint64_t stored_at) {
    entry(PT_LOAD, PF_R | PF_W | PF_X, physical, virtual_start, stored_at);
  }

  ByteVector take() { return std::move(bytes_); }

 private:
  /// p_align stays 0: no alignment is required (ELF specification, chapter 5).
  void entry(std::uint32_t type, std::uint32_t flags, const Range& physical,
             std::uint64_t virtual_start, std::uint64_t stored_at) {
    set(at_ + offsetof(Elf64_Phdr, p_type), type);
    set(at_ + offsetof(Elf64_Phdr, p_flags), flags);
    set(at_ + offsetof(Elf64_Phdr, p_offset), stored_at);
    set(at_ + offsetof(Elf64_Phdr, p_vaddr), virtual_start);
    set(at_ + offsetof(Elf64_Phdr, p_paddr), physical.start);
    set(at_ + offsetof(Elf64_Phdr, p_filesz), physical.size_bytes());
    set(at_ + offsetof(Elf64_Phdr, p_memsz), physical.size_bytes());
    at_ += sizeof(Elf64_Phdr);
  }

  template <class T>
  void set(std::size_t offset, T value) {
    store(std::span(bytes_), offset, value, endian_);
  }

  ByteVector bytes_;
  Endian endian_;
  std::size_t at_ = 0;
};

Status check_entry(const Elf64_Phdr& entry, std::size_t number) {
  const auto damaged = [&](std::string_view what) {
    return refuse(fmt::format("entry {} {}", number, what));
  };
  if (entry.p_type != PT_NOTE && entry.p_type != PT_LOAD)
    return damaged(fmt::format("is of type {:#x}, neither notes nor memory", entry.p_type));
  if (entry.p_filesz != entry.p_memsz)
    return damaged(fmt::format("has {} bytes of {} in memory", entry.p_filesz, entry.p_memsz));
  if (entry.p_memsz == 0) return damaged("is empty");
  for (const std::uint64_t start : {entry.p_paddr, entry.p_offset})
    if (entry.p_memsz > UINT64_MAX - start) return damaged("wraps around the address space");
  return {};
}

/// Takes the first load for the kernel's text when a later one has memory of it: of RAM each byte
/// is there once.
void split_kernel_text(CoreHeader& header) {
  if (header.loads.empty()) return;
  const CoreLoad first = header.loads.front();
  const bool again =
      std::any_of(header.loads.begin() + 1, header.loads.end(),
                  [&](const CoreLoad& load) { return load.physical.overlaps(first.physical); });
  if (!again) return;
  header.kernel_text = KernelMapping{first.physical, first.virtual_start};
  header.loads.erase(header.loads.begin());
}

Result<CoreHeader> read_header(ByteView bytes) {
  KXF_TRY(start, elf_core_start(bytes));
  KXF_TRY(entries, elf_core_entries(bytes, start));
  CoreHeader header{.elf_machine = start.machine,
                    .endian = start.endian,
                    .notes = {},
                    .kernel_text = {},
                    .loads = {}};
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Elf64_Phdr& entry = entries[i];
    KXF_CHECK(check_entry(entry, i));
    const Range physical = Range::sized(entry.p_paddr, entry.p_memsz);
    if (entry.p_type == PT_NOTE)
      header.notes.push_back(physical);
    else
      header.loads.push_back({physical, entry.p_vaddr, entry.p_offset});
  }
  split_kernel_text(header);
  return header;
}

}  // namespace

std::uint64_t core_header_size(std::size_t notes, bool kernel_text, std::size_t loads) {
  return sizeof(Elf64_Ehdr) +
         sizeof(Elf64_Phdr) * (std::uint64_t{notes} + (kernel_text ? 1 : 0) + loads);
}

Result<ByteVector> write_core_header(const CoreHeader& header) {
  const std::size_t entries =
      header.notes.size() + (header.kernel_text ? 1 : 0) + header.loads.size();
  if (entries > most_core_entries)
    return refuse(
        fmt::format("the dump needs {} entries in its core header, {} for notes and {} "
                    "for memory, and Linux reads {} at most",
                    entries, header.notes.size(), entries - header.notes.size(), most_core_entries),
        "boot the first kernel with memory in fewer pieces, or with fewer possible CPUs");
  Writer writer(
      core_header_size(header.notes.size(), header.kernel_text.has_value(), header.loads.size()),
      header.endian);
  writer.header(header.elf_machine, entries);
  for (const Range& notes : header.notes) writer.note(notes);
  if (const auto& text = header.kernel_text)
    writer.load(text->physical, text->virtual_start, text->physical.start);
  for (const CoreLoad& load : header.loads)
    writer.load(load.physical, load.virtual_start, load.stored_at);
  return writer.take();
}

Result<CoreHeader> read_core_header(ByteView bytes) {
  Result<CoreHeader> header = read_header(bytes);
  if (header) return header;
  Error error = std::move(header).error().within("this is no core header");
  error.remedy = "load the crash kernel again";
  return tl::unexpected(std::move(error));
}

}  // namespace kxf
