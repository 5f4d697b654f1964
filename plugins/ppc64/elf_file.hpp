// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The little of ELF that kernels and boot wrappers for Power need, in either class and byte order
/// (System V gABI, chapters 4 and 5). Nothing here trusts an offset or a count of the file.

#include <kxf/bytes.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace kxf::ppc64 {

inline constexpr std::uint16_t machine_power = 20;    ///< EM_PPC
inline constexpr std::uint16_t machine_power64 = 21;  ///< EM_PPC64

/// What the first 20 bytes tell.
struct ElfKind {
  bool wide = false;  ///< ELFCLASS64
  Endian endian = Endian::little;
  std::uint16_t machine = 0;
};

/// Nothing when this is no ELF file for Power, 32-bit or 64-bit.
[[nodiscard]] std::optional<ElfKind> power_elf(ByteView file);

/// A table of headers as the ELF header describes it.
struct ElfTable {
  std::uint64_t offset = 0;
  std::uint64_t entry_bytes = 0;
  std::uint64_t count = 0;
};

struct ElfHeader {
  ElfKind kind;
  std::uint16_t type = 0;
  std::uint64_t entry = 0;  ///< virtual address
  std::uint32_t flags = 0;
  ElfTable segments;
  ElfTable sections;
  std::uint64_t names = 0;  ///< index of the section with the names of the sections
};

/// One program header of a 64-bit file.
struct ElfSegment {
  std::uint64_t index = 0;      ///< in the table
  std::uint64_t header_at = 0;  ///< offset of the header in the file, for messages
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
  std::uint64_t virtual_address = 0;
  std::uint64_t physical_address = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t alignment = 0;
};

/// `power_elf(file)` must have a value.
/// Errors: truncated, another ELF version, headers of a size that no ELF file has, tables that do
/// not lie inside the file.
[[nodiscard]] Result<ElfHeader> read_elf_header(ByteView file);

/// The program headers of a 64-bit file in the order of the table. Their contents are not checked.
[[nodiscard]] Result<std::vector<ElfSegment>> read_segments(ByteView file, const ElfHeader& header);

/// One section header.
struct ElfSection {
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
  std::uint64_t file_bytes = 0;
};

/// The first section of that name; nothing when there is none.
/// Errors: the table of names lies outside of the file.
[[nodiscard]] Result<std::optional<ElfSection>> find_section(ByteView file, const ElfHeader& header,
                                                             std::string_view name);

/// Errors: the section, called `name` in the message, has no bytes in the file or lies outside.
[[nodiscard]] Result<ByteView> section_bytes(ByteView file, const ElfSection& section,
                                             std::string_view name);

}  // namespace kxf::ppc64
