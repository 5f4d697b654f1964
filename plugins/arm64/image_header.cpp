// SPDX-License-Identifier: Apache-2.0
#include "arm64/image_header.hpp"

#include <fmt/format.h>

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t magic_offset = 56;
constexpr std::string_view magic = "ARM\x64";

constexpr std::uint64_t base_alignment = std::uint64_t{2} << 20U;
constexpr std::uint64_t least_kernel_page_bytes = 4096;
// The kernel reaches its own symbols with ADRP, which spans 4 GiB: no image can be larger.
constexpr std::uint64_t largest_image_bytes = std::uint64_t{4} << 30U;
// "within the 48-bit addressable range of physical memory" (booting.rst, flag bit 3).
constexpr Range addressable_48_bits{0, std::uint64_t{1} << 48U};

}  // namespace

bool has_image_magic(ByteView kernel) noexcept { return Bytes(kernel).has(magic_offset, magic); }

Result<ImageHeader> read_image_header(ByteView kernel) {
  const Bytes image(kernel);
  ImageHeader header;
  KXF_TRY(text_offset, image.read<std::uint64_t>(8));
  KXF_TRY(image_size, image.read<std::uint64_t>(16));
  KXF_TRY(flags, image.read<std::uint64_t>(24));
  KXF_TRY(pe_offset, image.read<std::uint32_t>(60));
  header.text_offset = text_offset;
  header.image_size = image_size;
  header.flags = flags;
  header.has_pe = image.has(0, "MZ") && pe_offset != 0;
  return header;
}

Status check_image_header(const ImageHeader& header) {
  if (header.text_offset >= base_alignment || header.text_offset % least_kernel_page_bytes != 0)
    return refuse(
        fmt::format("damaged arm64 image: text_offset {} is not a multiple of 4 KiB below "
                    "2 MiB",
                    hex(header.text_offset)),
        "copy the image again");
  if (header.image_size > largest_image_bytes)
    return refuse(
        fmt::format("damaged arm64 image: image_size {} is over 4 GiB", hex(header.image_size)),
        "copy the image again");
  if (header.image_size < image_header_bytes)
    return refuse(fmt::format("damaged arm64 image: image_size {} is less than its header",
                              header.image_size),
                  "copy the image again");
  return {};
}

void describe_any(KernelSpec& spec) {
  spec.machine = "aarch64";
  spec.base_alignment = base_alignment;
  spec.window = addressable_48_bits;
  spec.entry_offset = 0;
}

void describe_flags(const ImageHeader& header, KernelSpec& spec) {
  const std::uint64_t flags = header.flags;
  spec.endian = (flags & 1U) != 0 ? Endian::big : Endian::little;
  switch (flags >> 1U & 3U) {
    case 1: spec.page_size_bytes = 4096; break;
    case 2: spec.page_size_bytes = 16384; break;
    case 3: spec.page_size_bytes = 65536; break;
    default: break;  // unspecified
  }
  spec.placement = (flags & 8U) != 0 ? Placement::anywhere : Placement::lowest;
}

Endian old_image_endian(const ImageHeader& header) {
  constexpr std::uint64_t old_text_offset_swapped = std::uint64_t{0x0800} << 32U;
  return header.text_offset == old_text_offset_swapped ? Endian::big : Endian::little;
}

}  // namespace kxf::arm64
