// SPDX-License-Identifier: Apache-2.0
// The vmlinux parser for 64-bit Power: what it accepts must be consistent.
#include "contents.hpp"
#include "ppc64/ppc64.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const auto kernel = kxf_fuzz::elf_kernel(kxf::ppc64::elf_image(), {data, size});
  if (!kernel) return 0;
  const kxf::KernelPart& last = kernel->parts.back();
  require(last.memory_offset + last.memory_size == kernel->memory_size,
          "the kernel ends where its last part ends");
  require(kernel->parts[0].bytes.size() >= 0x100, "the first 0x100 bytes are there");
  require(kernel->base_offset == 0, "the kernel is at its base");
  require(kernel->window == kxf::whole_address_space ||
              kernel->window.size_bytes() == kernel->memory_size,
          "a kernel that cannot move fits its window");
  return 0;
}
