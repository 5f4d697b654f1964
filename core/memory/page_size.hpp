// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/machine.hpp"
#include "kxf/range.hpp"

namespace kxf {

/// The running kernel's page size; 4 KiB, the smallest there is, where a machine does not say.
[[nodiscard]] inline std::uint64_t page_size_or_default(const Machine& machine) noexcept {
  const std::uint64_t size = machine.facts().page_size_bytes;
  return is_power_of_two(size) ? size : 4096;
}

}  // namespace kxf
