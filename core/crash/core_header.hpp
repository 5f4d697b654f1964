// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The ELF core header (elfcorehdr) that a crash kernel shows as the beginning of /proc/vmcore:
/// program headers only, whose offsets are physical addresses.

#include <optional>
#include <vector>

#include "crash/core_memory.hpp"
#include "kxf/bytes.hpp"
#include "kxf/crash.hpp"
#include "kxf/range.hpp"
#include "kxf/result.hpp"

namespace kxf {

struct CoreHeader {
  std::uint16_t elf_machine = 0;
  Endian endian = Endian::little;  ///< of the kernel that is dumped
  std::vector<Range> notes;        ///< physical: of each CPU, then VMCOREINFO
  std::optional<KernelMapping> kernel_text;
  std::vector<CoreLoad> loads;

  bool operator==(const CoreHeader&) const = default;
};

/// As many as e_phnum counts; one more (PN_XNUM) means that a section header has the number, and
/// Linux does not look there.
inline constexpr std::size_t most_core_entries = 65'534;

/// Bytes that write_core_header() makes of so many entries.
[[nodiscard]] std::uint64_t core_header_size(std::size_t notes, bool kernel_text,
                                             std::size_t loads);

/// ELF64, ET_CORE: ELF specification (System V ABI), chapters 4 and 5.
/// In this order: notes, the kernel's text, memory (which holds the text again).
/// Errors: more than most_core_entries.
[[nodiscard]] Result<ByteVector> write_core_header(const CoreHeader& header);

/// What write_core_header() wrote, or a kernel; what is behind it (room for growth) does not count.
/// A first load whose memory a later one has, too, is taken for the kernel's text.
/// Errors: damaged, or no such header.
[[nodiscard]] Result<CoreHeader> read_core_header(ByteView bytes);

}  // namespace kxf
