// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Is the memory that is reserved for a crash kernel enough for it to boot and to dump?

#include <string>

#include "crash/initrd_files.hpp"

namespace kxf {

/// What a crash kernel has and needs at the moment when it has unpacked its initrd and still has
/// the packed one.
struct CrashCapacity {
  std::uint64_t region_bytes = 0;   ///< reserved: what the crash kernel may use
  std::uint64_t loaded_bytes = 0;   ///< of all segments in memory, the kernel with its BSS
  std::uint64_t initrd_bytes = 0;   ///< of these, the packed initrd
  InitrdFiles files = {};           ///< what it unpacks to
  std::uint64_t working_bytes = 0;  ///< what kernel and programs need beside that, by policy

  [[nodiscard]] std::uint64_t needed_bytes() const noexcept;
  [[nodiscard]] bool enough() const noexcept { return needed_bytes() <= region_bytes; }

  bool operator==(const CrashCapacity&) const = default;
};

/// `the crash region has 256 MiB; kernel 38 MiB + initrd 12 MiB + its files 60 MiB (estimated as
/// ...) + 64 MiB to work in = 174 MiB`, and how much is missing if it is not enough.
[[nodiscard]] std::string to_text(const CrashCapacity& capacity);

/// The remedy, also when nothing is reserved: `boot the first kernel with crashkernel=176M or
/// more`.
[[nodiscard]] std::string crashkernel_remedy(std::uint64_t needed_bytes);

}  // namespace kxf
