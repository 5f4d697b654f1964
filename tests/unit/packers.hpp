// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The other direction of the codecs: what tests pack with.

#include <kxf/codec.hpp>
#include <string_view>
#include <vector>

namespace kxf_test {

struct Packer {
  std::string_view name;  ///< of the test's own
  const kxf::Codec& (*codec)();
  kxf::ByteVector (*pack)(const kxf::ByteVector& plain);
  /// Is every byte of the plain text covered by a checksum, and the header, too?
  bool checked = true;
  /// Does the format tell where it ends?
  bool ends = true;
  /// May another stream follow?
  bool joins = true;
};

/// Every codec, in each of its ways.
[[nodiscard]] const std::vector<Packer>& packers();

[[nodiscard]] kxf::ByteVector gzip(const kxf::ByteVector& plain, int level = 6);
[[nodiscard]] kxf::ByteVector zstd(const kxf::ByteVector& plain);
/// A file as lzop makes it: blocks of 256 KiB, Adler-32 and CRC-32 of their contents.
[[nodiscard]] kxf::ByteVector lzop(const kxf::ByteVector& plain);
/// One LZO1X stream, which has every kind of instruction that its contents allow. `seed` chooses
/// among those that do the same.
[[nodiscard]] kxf::ByteVector lzo1x(const kxf::ByteVector& plain, std::uint32_t seed);

/// Bytes that compress, but not to nothing.
[[nodiscard]] kxf::ByteVector plain_bytes(std::size_t size);
/// Bytes that every compressor is soon done with.
[[nodiscard]] kxf::ByteVector cheap_bytes(std::size_t size);

}  // namespace kxf_test
