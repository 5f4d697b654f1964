// SPDX-License-Identifier: Apache-2.0
// The vmlinux parser for arm64: what it accepts must be consistent.
#include "arm64/arm64.hpp"
#include "contents.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const auto kernel = kxf_fuzz::elf_kernel(kxf::arm64::elf_image(), {data, size});
  if (!kernel) return 0;
  require(kernel->parts[0].bytes.size() >= 64, "the header is there");
  require(kxf::is_power_of_two(kernel->base_alignment), "the alignment is a power of two");
  require(kernel->base_offset < kernel->base_alignment, "the offset is below the alignment");
  return 0;
}
