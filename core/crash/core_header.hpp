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

/// Bytes that write_core_header() makes of so many entries.
[[nodiscard]] std::uint64_t core_header_size(std::size_t notes, bool kernel_text,
                                             std::size_t loads);

/// ELF64, ET_CORE: ELF specification (System V ABI), chapters 4 and 5.
/// Errors: more entries than e_phnum can count (65,534): Linux does not read PN_XNUM there.
[[nodiscard]] Result<ByteVector> write_core_header(const CoreHeader& header);

/// What write_core_header() wrote, or a kernel. A load at the address of an earlier one that holds
/// it is taken for the kernel's text.
/// Errors: damaged, or no such header.
[[nodiscard]] Result<CoreHeader> read_core_header(ByteView bytes);

}  // namespace kxf
