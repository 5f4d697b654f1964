// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The beginning of an ELF64 core file, as /proc/kcore and a core header have it: ELF specification
/// (System V ABI), chapters 4 and 5. In a header of its own because libkxf reads it, which has no
/// libelf, and the core, too.

#include <elf.h>

#include <cstddef>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {

/// What the ELF header says.
struct ElfCoreStart {
  Endian endian = Endian::little;
  std::uint16_t machine = 0;
  std::uint16_t count = 0;  ///< of program headers
  Range table;              ///< where they are in the file
};

/// Errors: no ELF64 core file (why). The table may lie behind the bytes.
[[nodiscard]] inline Result<ElfCoreStart> elf_core_start(ByteView bytes) {
  const Bytes ident(bytes);
  if (!ident.has(0, ELFMAG)) return refuse("the magic is missing");
  KXF_TRY(word_class, ident.read<std::uint8_t>(EI_CLASS));
  KXF_TRY(data, ident.read<std::uint8_t>(EI_DATA));
  if (word_class != ELFCLASS64) return refuse("it is not of 64 bits");
  if (data != ELFDATA2LSB && data != ELFDATA2MSB) return refuse("its byte order is unknown");
  const Bytes file(bytes, data == ELFDATA2MSB ? Endian::big : Endian::little);
  KXF_TRY(type, file.read<std::uint16_t>(offsetof(Elf64_Ehdr, e_type)));
  KXF_TRY(machine, file.read<std::uint16_t>(offsetof(Elf64_Ehdr, e_machine)));
  KXF_TRY(start, file.read<std::uint64_t>(offsetof(Elf64_Ehdr, e_phoff)));
  KXF_TRY(size, file.read<std::uint16_t>(offsetof(Elf64_Ehdr, e_phentsize)));
  KXF_TRY(count, file.read<std::uint16_t>(offsetof(Elf64_Ehdr, e_phnum)));
  if (type != ET_CORE) return refuse("its type is another one");
  if (size != sizeof(Elf64_Phdr)) return refuse("its program headers are of another size");
  // The real number would be in a section header, and a core file of the kernel has none.
  if (count == PN_XNUM) return refuse("it does not count its program headers");
  return ElfCoreStart{file.endian(), machine, count,
                      Range::sized(start, std::uint64_t{size} * count)};
}

/// The program headers, with their numbers in this host's byte order.
/// Errors: the table does not lie inside the bytes.
[[nodiscard]] inline Result<std::vector<Elf64_Phdr>> elf_core_entries(ByteView bytes,
                                                                      const ElfCoreStart& start) {
  const Bytes file(bytes, start.endian);
  // Checked once as a whole, before memory is spent on it.
  KXF_TRY(table_bytes,
          file.slice(start.table.start, std::uint64_t{sizeof(Elf64_Phdr)} * start.count));
  const Bytes table(table_bytes, start.endian);
  std::vector<Elf64_Phdr> entries;
  entries.reserve(start.count);
  for (std::uint64_t at = 0; at < table.size_bytes(); at += sizeof(Elf64_Phdr)) {
    Elf64_Phdr entry{};
    KXF_TRY(type, table.read<std::uint32_t>(at + offsetof(Elf64_Phdr, p_type)));
    KXF_TRY(flags, table.read<std::uint32_t>(at + offsetof(Elf64_Phdr, p_flags)));
    KXF_TRY(offset, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_offset)));
    KXF_TRY(virtual_start, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_vaddr)));
    KXF_TRY(physical_start, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_paddr)));
    KXF_TRY(file_size, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_filesz)));
    KXF_TRY(memory_size, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_memsz)));
    KXF_TRY(alignment, table.read<std::uint64_t>(at + offsetof(Elf64_Phdr, p_align)));
    entry.p_type = type;
    entry.p_flags = flags;
    entry.p_offset = offset;
    entry.p_vaddr = virtual_start;
    entry.p_paddr = physical_start;
    entry.p_filesz = file_size;
    entry.p_memsz = memory_size;
    entry.p_align = alignment;
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace kxf
