// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The header of an arm64 kernel: Linux, Documentation/arch/arm64/booting.rst, section 4 ("Call the
/// kernel image"). It is the kernel's first 64 bytes in memory, so an Image and a vmlinux both have
/// it. Everything in it is little-endian whatever the kernel is:
///
///      0  u32 code0          with an EFI stub its bytes are "MZ" (an instruction without effect)
///      4  u32 code1
///      8  u64 text_offset    from a 2 MiB boundary to the image; 0 in kernels of today
///     16  u64 image_size     with BSS; 0 before 3.17
///     24  u64 flags          bit 0 byte order, bits 1-2 page size, bit 3 placement
///     56  u32 magic          "ARM\x64": it alone decides
///     60  u32 res5           with an EFI stub the offset of the PE header

#include <kxf/kernel.hpp>

namespace kxf::arm64 {

inline constexpr std::uint64_t image_header_bytes = 64;
/// Kernels before 3.17 (booting.rst: "Where image_size is zero, text_offset can be assumed to be").
inline constexpr std::uint64_t old_text_offset = 0x80000;

struct ImageHeader {
  std::uint64_t text_offset = 0;
  std::uint64_t image_size = 0;
  std::uint64_t flags = 0;
  bool has_pe = false;  ///< there is an EFI stub
};

/// Is the magic where it has to be? `kernel` may be shorter than the header.
[[nodiscard]] bool has_image_magic(ByteView kernel) noexcept;
/// Errors: the bytes end before the header does.
[[nodiscard]] Result<ImageHeader> read_image_header(ByteView kernel);
/// For headers with an image_size.
/// Errors: a text_offset or an image_size that no kernel has.
[[nodiscard]] Status check_image_header(const ImageHeader& header);

/// What is so for every kernel: machine, alignment, entry, the addresses that it can live at.
void describe_any(KernelSpec& spec);
/// Byte order, page size and placement, for headers with an image_size.
void describe_flags(const ImageHeader& header, KernelSpec& spec);
/// Without an image_size the flags are zero, too, and text_offset is in the kernel's own byte
/// order: the constant that it has tells which.
[[nodiscard]] Endian old_image_endian(const ImageHeader& header);

}  // namespace kxf::arm64
