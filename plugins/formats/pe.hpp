// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Portable Executable files as containers: PE Format, Microsoft, sections "MS-DOS Stub", "COFF
/// File Header", "Optional Header", "Section Table", "The Attribute Certificate Table".

#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf::formats {

/// A section. Views point into the file.
struct PeSection {
  std::string_view name;           ///< up to 8 characters
  ByteView bytes{};                ///< in the file, without padding to its alignment
  std::uint64_t memory_bytes = 0;  ///< larger than that: zeros follow
};

struct PeFile {
  std::vector<PeSection> sections;  ///< in the order of the table
  /// Authenticode signatures, which firmware verifies. Empty: the file has none.
  Range certificates;
};

/// Does the section table name this one, as far as the file goes? Nothing else is looked at.
[[nodiscard]] bool has_pe_section(ByteView file, std::string_view name) noexcept;

/// Errors: no PE file; headers, a section's bytes or certificates outside of the file.
[[nodiscard]] Result<PeFile> read_pe(ByteView file);

}  // namespace kxf::formats
