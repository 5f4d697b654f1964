// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The little of an ELF file that kxf wants to know before anything in it is trusted: for which
/// machine it is, whether it is complete, and its notes. Any class and byte order, on any host.

#include <cstdint>
#include <string>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {

/// One entry of a PT_NOTE segment.
struct ElfNote {
  std::string owner;  ///< without the terminator
  std::uint32_t type = 0;
  ByteVector contents;
};

struct ElfObject {
  std::string machine;  ///< `aarch64`, `riscv64`, `x86-64`: architecture, byte order and class
  bool shared_object = false;
  std::vector<ElfNote> notes;  ///< in file order
};

/// The name of an ELF machine by its e_machine, EI_CLASS and EI_DATA. Machines that kxf has no
/// name for are `machine 1234, 64-bit, little-endian`.
[[nodiscard]] std::string elf_machine_name(std::uint16_t machine, unsigned word_bits,
                                           Endian endian);

/// The machine that this kxf was built for.
[[nodiscard]] std::string own_elf_machine();

/// Reads header, program headers and notes of an open file and nothing else of it. The file
/// position does not matter and does not stay.
/// Errors: no ELF file, damaged headers or notes, a file that ends before its segments do (such a
/// file kills whoever maps it).
[[nodiscard]] Result<ElfObject> read_elf_object(int descriptor);

/// The same for bytes in memory.
[[nodiscard]] Result<ElfObject> read_elf_object(ByteView bytes);

}  // namespace kxf
