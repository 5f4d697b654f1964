// SPDX-License-Identifier: Apache-2.0
#pragma once

/// ELF files as tests of image formats need them: each field is there to spoil.

#include <kxf/bytes.hpp>
#include <optional>
#include <string>
#include <vector>

namespace elf_test {

struct Segment {
  kxf::ByteVector contents;
  std::uint64_t physical = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t type = 1;  // PT_LOAD
  std::uint64_t alignment = 0x10000;
  std::optional<std::uint64_t> virtual_address = {};  // physical + ElfFile::virtual_base
  std::optional<std::uint64_t> offset = {};           // where the contents are
  std::optional<std::uint64_t> file_bytes = {};       // contents.size()
};

struct Section {
  std::string name;
  kxf::ByteVector contents;
  std::uint32_t type = 1;  // SHT_PROGBITS
  std::optional<std::uint64_t> offset = {};
  std::optional<std::uint64_t> size = {};
};

struct ElfFile {
  kxf::Endian endian = kxf::Endian::little;
  bool wide = true;
  std::uint16_t type = 2;  // ET_EXEC
  std::uint16_t machine = 0;
  std::uint32_t flags = 0;
  std::uint64_t virtual_base = 0;
  std::uint64_t entry = 0;
  std::vector<Segment> segments = {};
  std::vector<Section> sections = {};
};

/// Where a file has its tables: for tests that spoil a field.
constexpr std::size_t header_bytes(bool wide) { return wide ? 64 : 52; }
constexpr std::size_t program_header(bool wide, std::size_t index) {
  return header_bytes(wide) + index * (wide ? 56 : 32);
}

[[nodiscard]] kxf::ByteVector bytes_of(const ElfFile& elf);

}  // namespace elf_test
