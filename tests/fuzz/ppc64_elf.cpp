// SPDX-License-Identifier: Apache-2.0
// The vmlinux parser for 64-bit Power: what it accepts must be consistent.
#include "ppc64/ppc64.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::ImageFormat& format = kxf::ppc64::elf_image();
  const kxf::ByteView image(data, size);
  const kxf::Probe probe = format.probe(image);
  require(probe.verdict != kxf::ProbeVerdict::damaged || !probe.reason.empty(),
          "a damaged file has a reason");
  if (probe.verdict != kxf::ProbeVerdict::mine) return 0;
  kxf::Record record;
  const auto contents = format.parse(image, {{}}, record);
  if (!contents) {
    require(!contents.error().message.empty(), "a refusal has a message");
    require(contents.error().fault == kxf::Fault::refused, "it is the file's fault");
    return 0;
  }
  require(contents->kernel.has_value(), "a vmlinux holds a kernel");
  const kxf::KernelSpec& kernel = *contents->kernel;
  require(!kernel.parts.empty(), "a kernel has parts");
  std::uint64_t end = 0;
  for (const kxf::KernelPart& part : kernel.parts) {
    require(part.bytes.data() >= data && part.bytes.data() + part.bytes.size() <= data + size,
            "parts lie inside the image");
    require(part.memory_offset >= end, "parts ascend and do not overlap");
    require(part.memory_size >= part.bytes.size(), "a part's memory holds its bytes");
    require(part.memory_size <= UINT64_MAX - part.memory_offset, "a part does not wrap");
    end = part.memory_offset + part.memory_size;
  }
  require(end == kernel.memory_size, "the kernel ends where its last part ends");
  require(kernel.memory_size <= std::uint64_t{4} << 30U, "a kernel is not larger than 4 GiB");
  require(kernel.parts[0].memory_offset == 0 && kernel.parts[0].bytes.size() >= 0x100,
          "the first 0x100 bytes are there");
  require(kernel.entry_offset == 0 && kernel.base_offset == 0, "the entry is the first byte");
  require(
      kernel.window == kxf::whole_address_space || kernel.window.size_bytes() == kernel.memory_size,
      "a kernel that cannot move fits its window");
  require(kernel.file_load == kernel.file_load_reason.empty(),
          "no kexec_file_load without a reason");
  return 0;
}
