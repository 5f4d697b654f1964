// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The little of ELF that kernels and the programs around them need, in either class and byte order
/// (System V gABI, chapters 4 and 5). Nothing here trusts an offset or a count of the file.

#include <optional>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// What the first 20 bytes tell.
struct ElfKind {
  bool wide = false;  ///< ELFCLASS64
  Endian endian = Endian::little;
  std::uint16_t machine = 0;  ///< e_machine
};

/// Nothing when this is no ELF file, or one of a class or byte order that does not exist.
[[nodiscard]] KXF_API std::optional<ElfKind> elf_kind(ByteView file) noexcept;

inline constexpr std::uint16_t elf_executable = 2;  ///< ET_EXEC: linked for its addresses
inline constexpr std::uint16_t elf_dynamic = 3;     ///< ET_DYN: can be anywhere

/// A table of headers as the ELF header describes it.
struct ElfTable {
  std::uint64_t offset = 0;
  std::uint64_t entry_bytes = 0;
  std::uint64_t count = 0;
};

struct ElfHeader {
  ElfKind kind;
  std::uint16_t type = 0;   ///< e_type
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

/// `elf_kind(file)` must have a value.
/// Errors: truncated, another ELF version, headers of a size that no ELF file has, tables that do
/// not lie inside the file.
[[nodiscard]] KXF_API Result<ElfHeader> read_elf_header(ByteView file);

/// The program headers of a 64-bit file in the order of the table. Their contents are not checked.
[[nodiscard]] KXF_API Result<std::vector<ElfSegment>> read_segments(ByteView file,
                                                                    const ElfHeader& header);

/// The PT_LOADs of a 64-bit kernel that have any memory: at least one; ascending by physical
/// address, disjoint, inside the file, in at most 4 GiB of memory from the first to the last (code
/// reaches its data by 32-bit offsets on every 64-bit machine that Linux runs on).
/// Errors: not so, with the program header that is wrong; no executable; a program with an
/// interpreter.
[[nodiscard]] KXF_API Result<std::vector<ElfSegment>> read_kernel_segments(ByteView file,
                                                                           const ElfHeader& header);

/// The file's bytes of a segment that read_kernel_segments() returned.
[[nodiscard]] KXF_API ByteView segment_bytes(ByteView file, const ElfSegment& segment) noexcept;

/// One section header.
struct ElfSection {
  std::uint32_t type = 0;
  std::uint64_t offset = 0;
  std::uint64_t file_bytes = 0;
};

/// The first section of that name; nothing when there is none.
/// Errors: the table of names lies outside of the file.
[[nodiscard]] KXF_API Result<std::optional<ElfSection>> find_section(ByteView file,
                                                                     const ElfHeader& header,
                                                                     std::string_view name);

/// Errors: the section, called `name` in the message, has no bytes in the file or lies outside.
[[nodiscard]] KXF_API Result<ByteView> section_bytes(ByteView file, const ElfSection& section,
                                                     std::string_view name);

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
