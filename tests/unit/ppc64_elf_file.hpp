// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Kernels and boot wrappers for 64-bit Power, sound by default.

#include "elf_maker.hpp"

namespace ppc64_test {

using elf_test::bytes_of;
using elf_test::ElfFile;
using elf_test::header_bytes;
using elf_test::program_header;
using elf_test::Section;
using elf_test::Segment;

constexpr std::uint64_t kernel_base = 0xc000000000000000;
constexpr std::uint32_t run0 = 0x72756e30;

/// What a kernel begins with: code at 0 and 0x60, and "run0" at 0x5c.
[[nodiscard]] kxf::ByteVector kernel_code(kxf::Endian endian, std::size_t size = 0x1000);

/// A relocatable kernel as Linux is linked: little-endian ET_EXEC with ELFv2, big-endian ET_DYN
/// with ELFv1; one PT_LOAD with a BSS behind the file's bytes, and a PT_NOTE.
[[nodiscard]] ElfFile kernel(kxf::Endian endian = kxf::Endian::little);

/// The boot wrapper of a kernel, 64-bit little-endian or 32-bit big-endian.
[[nodiscard]] ElfFile wrapper(kxf::ByteVector packed_kernel, bool wide = true);

}  // namespace ppc64_test
