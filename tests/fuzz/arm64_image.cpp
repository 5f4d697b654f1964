// SPDX-License-Identifier: Apache-2.0
// The arm64 Image parser: what it accepts must be consistent.
#include "arm64/arm64.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  const kxf::ImageFormat& format = kxf::arm64::image_format();
  const kxf::ByteView image(data, size);
  if (format.probe(image).verdict != kxf::ProbeVerdict::mine) return 0;
  kxf::Settings settings;
  for (const kxf::SettingSpec& spec : format.settings())
    settings.emplace(spec.key, spec.default_value);
  kxf::Record record;
  const auto contents = format.parse(image, {settings}, record);
  if (!contents) {
    require(!contents.error().message.empty(), "a refusal has a message");
    return 0;
  }
  require(contents->kernel.has_value(), "an Image holds a kernel");
  const kxf::KernelSpec& kernel = *contents->kernel;
  require(!kernel.parts.empty(), "a kernel has parts");
  for (const kxf::KernelPart& part : kernel.parts) {
    require(part.bytes.data() >= data && part.bytes.data() + part.bytes.size() <= data + size,
            "parts lie inside the image");
    require(part.memory_size >= part.bytes.size(), "a part's memory holds its bytes");
    require(part.memory_offset <= kernel.memory_size &&
                part.memory_size <= kernel.memory_size - part.memory_offset,
            "the kernel's memory holds its parts");
  }
  require(kxf::is_power_of_two(kernel.base_alignment), "the alignment is a power of two");
  require(kernel.base_offset < kernel.base_alignment, "the offset is below the alignment");
  require(kernel.entry_offset < kernel.memory_size, "the entry is inside the kernel");
  return 0;
}
