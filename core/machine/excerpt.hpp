// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Two files of /proc are too large to read whole or to keep: a Machine, live or captured, has an
/// excerpt in their place, the same one.

#include <filesystem>

#include "kxf/bytes.hpp"

namespace kxf {

/// /proc/kcore: the ELF header, the program headers and the notes, which lie in front of memory
/// itself. What is behind them is never read.
/// Errors: not readable, no ELF64 core file.
[[nodiscard]] Result<ByteVector> kcore_excerpt(const std::filesystem::path& path);

/// The lines of /proc/kallsyms with the symbols that say where the kernel lies.
[[nodiscard]] ByteVector kallsyms_excerpt(ByteView kallsyms);

/// Are there addresses in it, and are all of them zero? So they are for a user without CAP_SYSLOG
/// (kernel.kptr_restrict), and those of /proc/iomem for one without CAP_SYS_ADMIN.
[[nodiscard]] bool kallsyms_hidden(ByteView kallsyms);
[[nodiscard]] bool iomem_hidden(ByteView iomem);

}  // namespace kxf
