// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Portable Executable files as containers: PE Format, Microsoft, sections "MS-DOS Stub", "COFF
/// File Header", "Optional Header", "Section Table", "The Attribute Certificate Table".

#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// A section. Views point into the file.
struct PeSection {
  std::string_view name;           ///< up to 8 characters
  ByteView bytes{};                ///< in the file, without padding to its alignment
  std::uint64_t memory_bytes = 0;  ///< larger than that: zeros follow
};

struct PeFile {
  std::uint16_t machine = 0;
  std::vector<PeSection> sections;  ///< in the order of the table
  /// Authenticode signatures, which firmware verifies. Empty: the file has none.
  Range certificates;
  std::uint64_t sections_end = 0;  ///< where the bytes of the last section end in the file
};

/// Does the section table name this one, as far as the file goes? Nothing else is looked at.
[[nodiscard]] KXF_API bool has_pe_section(ByteView file, std::string_view name) noexcept;

/// Errors: no PE file; headers, a section's bytes or certificates outside of the file.
[[nodiscard]] KXF_API Result<PeFile> read_pe(ByteView file);

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
