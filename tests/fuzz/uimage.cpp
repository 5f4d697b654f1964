// SPDX-License-Identifier: Apache-2.0
// The uImage format: what is taken out of it lies in it. Once as it is, and once with its checksums
// put right, which would keep a fuzzer out.
#include <zlib.h>

#include <algorithm>

#include "contents.hpp"
#include "formats/formats.hpp"

namespace {

constexpr std::size_t header_bytes = 64;

void put_crc(kxf::ByteVector& image, std::size_t at, std::size_t start, std::size_t size) {
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, image.data() + start, size));
  kxf::store(std::span<std::uint8_t>(image), at, crc, kxf::Endian::big);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kxf::ImageFormat& format = kxf::formats::uimage();
  kxf_fuzz::unwrap(format, {data, size});
  if (size < header_bytes) return 0;
  kxf::ByteVector image(data, data + size);
  const auto told = kxf::Bytes(image, kxf::Endian::big).read<std::uint32_t>(12);
  put_crc(image, 24, header_bytes, std::min<std::size_t>(*told, size - header_bytes));
  std::fill_n(image.begin() + 4, 4, std::uint8_t{0});
  put_crc(image, 4, 0, header_bytes);
  kxf_fuzz::unwrap(format, image);
  return 0;
}
