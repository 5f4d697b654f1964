// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How a shared object was linked: what it shows to the world and what it asks of the dynamic
/// linker.

#include <string>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {

struct ElfDynamic {
  std::vector<std::string> exported;   ///< defined symbols that others can bind to, sorted
  std::vector<std::string> needed;     ///< DT_NEEDED, in file order
  bool bound_at_load = false;          ///< DF_BIND_NOW or DF_1_NOW
  bool never_unloaded = false;         ///< DF_1_NODELETE
  bool read_only_relocations = false;  ///< a PT_GNU_RELRO segment
  bool text_relocations = false;       ///< DT_TEXTREL or DF_TEXTREL: code that gets written
  bool executable_stack = false;       ///< no PT_GNU_STACK, or one that is executable
};

/// Reads the section headers, as a linker leaves them.
/// Errors: no ELF file; no dynamic section or symbol table.
[[nodiscard]] Result<ElfDynamic> read_elf_dynamic(ByteView file);

}  // namespace kxf
