// SPDX-License-Identifier: Apache-2.0
#pragma once

/// ELF files as tests of the ppc64 image formats need them: sound by default, each field to spoil.

#include <kxf/bytes.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ppc64_test {

constexpr std::uint64_t kernel_base = 0xc000000000000000;
constexpr std::uint32_t run0 = 0x72756e30;

struct Segment {
  kxf::ByteVector contents;
  std::uint64_t physical = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t type = 1;  // PT_LOAD
  std::uint64_t alignment = 0x10000;
  std::optional<std::uint64_t> virtual_address = {};  // physical + kernel_base
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
  std::uint16_t machine = 21;
  std::uint32_t flags = 2;  // ELFv2
  std::uint64_t entry = kernel_base;
  std::vector<Segment> segments = {};
  std::vector<Section> sections = {};
};

/// Where a file has its tables: for tests that spoil a field.
constexpr std::size_t header_bytes(bool wide) { return wide ? 64 : 52; }
constexpr std::size_t program_header(bool wide, std::size_t index) {
  return header_bytes(wide) + index * (wide ? 56 : 32);
}

[[nodiscard]] kxf::ByteVector bytes_of(const ElfFile& elf);

/// What a kernel begins with: code at 0 and 0x60, and "run0" at 0x5c.
[[nodiscard]] kxf::ByteVector kernel_code(kxf::Endian endian, std::size_t size = 0x1000);

/// A relocatable kernel as Linux is linked: little-endian ET_EXEC with ELFv2, big-endian ET_DYN
/// with ELFv1; one PT_LOAD with a BSS behind the file's bytes, and a PT_NOTE.
[[nodiscard]] ElfFile kernel(kxf::Endian endian = kxf::Endian::little);

/// The boot wrapper of a kernel, 64-bit little-endian or 32-bit big-endian.
[[nodiscard]] ElfFile wrapper(kxf::ByteVector packed_kernel, bool wide = true);

}  // namespace ppc64_test
