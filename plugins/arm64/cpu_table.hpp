// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/machine.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kxf::arm64 {

/// What a CPU design can do that a kernel is built for: translation granules (ID_AA64MMFR0_EL1
/// TGran4, TGran16, TGran64) and data accesses in both byte orders (BigEnd).
struct CpuAbilities {
  std::string_view name;
  bool pages_4k = false;
  bool pages_16k = false;
  bool pages_64k = false;
  bool mixed_endian = false;

  [[nodiscard]] bool supports_pages_of(std::uint64_t page_size_bytes) const;
};

/// By implementer (MIDR_EL1[31:24]) and part number (MIDR_EL1[15:4]). Null for a design whose
/// documents were not at hand.
[[nodiscard]] const CpuAbilities* find_cpu(std::uint8_t implementer, std::uint16_t part);

/// The main ID register of a CPU, as far as it names the design.
struct CpuId {
  std::uint8_t implementer = 0;
  std::uint16_t part = 0;
  bool operator==(const CpuId&) const = default;
};

/// The designs of all CPUs of a machine, sorted, each once: from `midr_el1` in sysfs, else from
/// /proc/cpuinfo. Empty when neither tells.
[[nodiscard]] std::vector<CpuId> cpu_ids(const Machine& machine);

}  // namespace kxf::arm64
