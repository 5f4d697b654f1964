// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How much memory an initrd takes once the kernel has unpacked it, without unpacking it.

#include <string_view>

#include "kxf/bytes.hpp"

namespace kxf {

/// How well the size is known, from best to worst. An initrd of several parts is known as well as
/// its worst part.
enum class SizeEvidence : std::uint8_t {
  counted,  ///< an archive that is not compressed: file by file, each in whole pages
  stated,   ///< by the word of the compressed form
  bound,    ///< by the blocks of the compressed form: it is this at most
  guess,    ///< files_per_compressed_byte times what is not understood
};

/// For a compressed form that says nothing. Archives of programs and modules come to a third of
/// their size with gzip and to a quarter with xz or zstd at their best levels.
inline constexpr std::uint64_t files_per_compressed_byte = 4;

struct InitrdFiles {
  std::uint64_t bytes = 0;
  SizeEvidence evidence = SizeEvidence::counted;

  bool operator==(const InitrdFiles&) const = default;
};

/// Of an initrd in Linux' initramfs buffer format: archives one behind the other, compressed or not
/// (Documentation/driver-api/early-userspace/buffer-format.rst). cpio archives are walked; gzip is
/// believed its ISIZE, zstd its frame content size or else its number of blocks; the rest is
/// guessed. `page_size_bytes` is the crash kernel's.
[[nodiscard]] InitrdFiles initrd_files(ByteView initrd, std::uint64_t page_size_bytes);

/// `counted in its archive`, `by the word of its compressed form`, ...
[[nodiscard]] std::string_view text_of(SizeEvidence evidence);

}  // namespace kxf
