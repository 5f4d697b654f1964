// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/elf.hpp>

namespace kxf::ppc64 {

inline constexpr std::uint16_t machine_power = 20;    ///< EM_PPC
inline constexpr std::uint16_t machine_power64 = 21;  ///< EM_PPC64

/// Nothing when this is no ELF file for Power, 32-bit or 64-bit.
[[nodiscard]] inline std::optional<ElfKind> power_elf(ByteView file) noexcept {
  const auto kind = elf_kind(file);
  const bool power = kind && (kind->machine == machine_power || kind->machine == machine_power64);
  return power ? kind : std::nullopt;
}

}  // namespace kxf::ppc64
