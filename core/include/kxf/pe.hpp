// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The little of PE that kernels with an EFI stub, and what is built around them, have (Microsoft,
/// "PE Format"). Nothing here trusts an offset or a count of the file.

#include <string>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// One entry of the section table.
struct PeSection {
  std::string name;                ///< up to 8 bytes, without the zeros behind it
  std::uint32_t memory_bytes = 0;  ///< VirtualSize: of the contents, when the file has padding
  std::uint32_t address = 0;       ///< VirtualAddress
  Range file;                      ///< offsets of its bytes in the file; not compared with its size
};

struct PeLayout {
  std::uint16_t machine = 0;
  std::vector<PeSection> sections;  ///< in the order of the table
  std::uint64_t sections_end = 0;   ///< the largest file.end
  /// The certificate table of a signature, file offsets; empty when there is none. It is for the
  /// firmware, and it is no part of what is loaded.
  Range certificates;

  /// How long a file has to be that is all there.
  [[nodiscard]] std::uint64_t file_bytes() const noexcept {
    return sections_end > certificates.end ? sections_end : certificates.end;
  }
};

/// The PE header at offset `at` (what the field at 60 of a DOS header says).
/// Errors: there is none; it or its section table is not all there.
[[nodiscard]] KXF_API Result<PeLayout> read_pe(ByteView file, std::uint64_t at);

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
