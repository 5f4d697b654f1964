// SPDX-License-Identifier: Apache-2.0
#pragma once

/// ELF64 core files made by hand, as the kernel shows /proc/kcore.

#include <elf.h>

#include <cstddef>
#include <string>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf_test {

struct CoreNote {
  std::string name;
  std::string content;
};

struct CoreFile {
  kxf::Endian endian = kxf::Endian::little;
  std::vector<CoreNote> notes{};
  std::vector<Elf64_Phdr> loads{};  ///< in this host's byte order

  CoreFile& load(std::uint64_t physical, std::uint64_t virtual_start, std::uint64_t size) {
    Elf64_Phdr entry{};
    entry.p_type = PT_LOAD;
    entry.p_offset = virtual_start & 0xffffffffffffULL;
    entry.p_vaddr = virtual_start;
    entry.p_paddr = physical;
    entry.p_filesz = entry.p_memsz = size;
    loads.push_back(entry);
    return *this;
  }

  /// Header, program headers (the one of the notes first), notes.
  [[nodiscard]] std::string bytes() const {
    const kxf::ByteVector content = notes_bytes();
    kxf::ByteVector file(sizeof(Elf64_Ehdr) + (1 + loads.size()) * sizeof(Elf64_Phdr));
    const auto set = [&]<class T>(std::size_t at, T value) {
      kxf::store(std::span(file), at, value, endian);
    };
    std::copy_n(ELFMAG, SELFMAG, file.begin());
    file[EI_CLASS] = ELFCLASS64;
    file[EI_DATA] = endian == kxf::Endian::big ? ELFDATA2MSB : ELFDATA2LSB;
    set(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_CORE});
    set(offsetof(Elf64_Ehdr, e_phoff), std::uint64_t{sizeof(Elf64_Ehdr)});
    set(offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{sizeof(Elf64_Phdr)});
    set(offsetof(Elf64_Ehdr, e_phnum), static_cast<std::uint16_t>(1 + loads.size()));
    Elf64_Phdr note{};
    note.p_type = PT_NOTE;
    note.p_offset = file.size();
    note.p_filesz = content.size();
    std::size_t at = sizeof(Elf64_Ehdr);
    const auto put = [&](const Elf64_Phdr& entry) {
      set(at + offsetof(Elf64_Phdr, p_type), std::uint32_t{entry.p_type});
      set(at + offsetof(Elf64_Phdr, p_offset), std::uint64_t{entry.p_offset});
      set(at + offsetof(Elf64_Phdr, p_vaddr), std::uint64_t{entry.p_vaddr});
      set(at + offsetof(Elf64_Phdr, p_paddr), std::uint64_t{entry.p_paddr});
      set(at + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{entry.p_filesz});
      set(at + offsetof(Elf64_Phdr, p_memsz), std::uint64_t{entry.p_memsz});
      at += sizeof(Elf64_Phdr);
    };
    put(note);
    for (const Elf64_Phdr& load : loads) put(load);
    file.insert(file.end(), content.begin(), content.end());
    return std::string(kxf::text_of(file));
  }

 private:
  [[nodiscard]] kxf::ByteVector notes_bytes() const {
    kxf::ByteVector all;
    const auto append = [&](std::string_view text) {
      all.insert(all.end(), text.begin(), text.end());
      all.resize((all.size() + 3) / 4 * 4);
    };
    for (const CoreNote& note : notes) {
      const std::size_t at = all.size();
      all.resize(at + sizeof(Elf64_Nhdr));
      const auto set = [&](std::size_t field, std::size_t value) {
        kxf::store(std::span(all), at + field, static_cast<std::uint32_t>(value), endian);
      };
      set(offsetof(Elf64_Nhdr, n_namesz), note.name.size() + 1);
      set(offsetof(Elf64_Nhdr, n_descsz), note.content.size());
      append(note.name + '\0');
      append(note.content);
    }
    return all;
  }
};

}  // namespace kxf_test
