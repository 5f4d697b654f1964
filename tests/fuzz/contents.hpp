// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the contents of every image must keep to, whatever the format.

#include <optional>
#include <utility>
#include <vector>

#include "kxf/image_format.hpp"
#include "require.hpp"

namespace kxf_fuzz {

/// All that travels in the image lies inside its bytes.
inline void require_inside(const kxf::ImageContents& contents, kxf::ByteView image) {
  std::vector<kxf::ByteView> parts;
  if (contents.payload) parts.push_back(contents.payload->bytes);
  if (contents.initrd) parts.push_back(*contents.initrd);
  if (contents.device_tree) parts.push_back(contents.device_tree->bytes);
  for (const kxf::CarriedBytes& overlay : contents.overlays) parts.push_back(overlay.bytes);
  for (const kxf::ByteView part : parts) {
    require(!part.empty(), "what is in an image is not empty");
    require(part.data() >= image.data() && part.data() + part.size() <= image.data() + image.size(),
            "what is in an image lies inside");
  }
}

/// Does the format say that the image is its own?
inline bool is_mine(const kxf::ImageFormat& format, kxf::ByteView image) {
  const kxf::Probe probe = format.probe(image);
  require(probe.verdict != kxf::ProbeVerdict::damaged || !probe.reason.empty(),
          "a damaged file has a reason");
  return probe.verdict == kxf::ProbeVerdict::mine;
}

/// What a format makes of an image that it says is its own; nothing when it refuses.
inline std::optional<kxf::ImageContents> parsed(const kxf::ImageFormat& format,
                                                kxf::ByteView image) {
  if (!is_mine(format, image)) return std::nullopt;
  kxf::Record record;
  auto contents = format.parse(image, {{}}, record);
  if (contents) return std::move(*contents);
  require(!contents.error().message.empty(), "a refusal has a message");
  require(contents.error().fault == kxf::Fault::refused, "it is the file's fault");
  return std::nullopt;
}

/// A format that only wraps.
inline void unwrap(const kxf::ImageFormat& format, kxf::ByteView image) {
  const auto contents = parsed(format, image);
  if (!contents) return;
  require(!contents->kernel.has_value() && contents->payload.has_value(),
          "a wrapper holds a payload");
  require_inside(*contents, image);
}

/// The kernel that an ELF format finds; nothing when it refuses.
inline std::optional<kxf::KernelSpec> elf_kernel(const kxf::ImageFormat& format,
                                                 kxf::ByteView image) {
  const auto contents = parsed(format, image);
  if (!contents) return std::nullopt;
  require(contents->kernel.has_value(), "a vmlinux holds a kernel");
  const kxf::KernelSpec& kernel = *contents->kernel;
  require(!kernel.parts.empty(), "a kernel has parts");
  std::uint64_t end = 0;
  for (const kxf::KernelPart& part : kernel.parts) {
    require(part.bytes.data() >= image.data() &&
                part.bytes.data() + part.bytes.size() <= image.data() + image.size(),
            "parts lie inside the image");
    require(part.memory_offset >= end, "parts ascend and do not overlap");
    require(part.memory_size >= part.bytes.size(), "a part's memory holds its bytes");
    require(part.memory_size <= UINT64_MAX - part.memory_offset, "a part does not wrap");
    end = part.memory_offset + part.memory_size;
  }
  require(end <= kernel.memory_size, "the kernel's memory holds its parts");
  require(kernel.memory_size <= std::uint64_t{4} << 30U, "a kernel is not larger than 4 GiB");
  require(kernel.parts[0].memory_offset == 0 && kernel.entry_offset == 0,
          "the entry is the first byte");
  require(kernel.file_load == kernel.file_load_reason.empty(),
          "no kexec_file_load without a reason");
  return kernel;
}

}  // namespace kxf_fuzz
