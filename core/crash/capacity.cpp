// SPDX-License-Identifier: Apache-2.0
#include "crash/capacity.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kxf/range.hpp"

namespace kxf {

std::uint64_t CrashCapacity::needed_bytes() const noexcept {
  std::uint64_t needed = loaded_bytes;
  for (const std::uint64_t more : {files.bytes, working_bytes})
    needed = Range::sized(needed, more).end;  // stops at the end instead of wrapping
  return needed;
}

std::string to_text(const CrashCapacity& capacity) {
  const std::uint64_t initrd = std::min(capacity.initrd_bytes, capacity.loaded_bytes);
  std::string text =
      fmt::format("the crash region has {}; kernel {}", size_text(capacity.region_bytes),
                  size_text(capacity.loaded_bytes - initrd));
  if (initrd != 0)
    text += fmt::format(" + initrd {} + its files {} ({})", size_text(initrd),
                        size_text(capacity.files.bytes), text_of(capacity.files.evidence));
  const std::uint64_t needed = capacity.needed_bytes();
  text +=
      fmt::format(" + {} to work in = {}", size_text(capacity.working_bytes), size_text(needed));
  if (!capacity.enough())
    text += fmt::format(", {} too much", size_text(needed - capacity.region_bytes));
  return text;
}

std::string crashkernel_remedy(std::uint64_t needed_bytes) {
  // The kernel reserves in such steps, or smaller ones.
  constexpr std::uint64_t step_bytes = 16U << 20U;
  const std::uint64_t reserved = align_up(needed_bytes, step_bytes).value_or(needed_bytes);
  return fmt::format("boot the first kernel with crashkernel={}M or more", reserved >> 20U);
}

}  // namespace kxf
