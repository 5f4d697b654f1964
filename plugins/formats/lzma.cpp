// SPDX-License-Identifier: Apache-2.0
//
// lzma, also called LZMA_alone (XZ Utils, doc/lzma-file-format.txt) by liblzma. It has no magic:
//
//      0  u8   properties    (pb * 5 + lp) * 9 + lc
//      1  u32  size of the dictionary
//      5  u64  unpacked size, or all ones: an end marker tells
//     13       the range coder's first byte, always 0
//
// All of them together are as good as a magic, as long as each is held to what compressors write:
// a dictionary of 2^n or 2^n + 2^(n-1) bytes (the same file, section 1.1.2), which no size of a
// kernel contradicts.
#include <kxf/range.hpp>

#include "formats/formats.hpp"
#include "formats/liblzma_decoder.hpp"

namespace kxf::formats {
namespace {

constexpr std::size_t lzma_header_bytes = 13;
constexpr unsigned largest_properties = (4 * 5 + 4) * 9 + 8;
constexpr std::uint32_t smallest_dictionary = 4096;
constexpr std::uint64_t unknown_size = UINT64_MAX;
// What liblzma itself takes for the largest size that a header can mean.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 38U;

bool are_properties(unsigned properties) {
  // LZMA2 and liblzma: lc + lp is at most 4.
  return properties <= largest_properties && properties % 9 + properties / 9 % 5 <= 4;
}

bool is_dictionary(std::uint32_t size) {
  if (size < smallest_dictionary) return false;
  if (size == UINT32_MAX || is_power_of_two(size)) return true;
  return size % 3 == 0 && is_power_of_two(size / 3);
}

class LzmaDecoder final : public LiblzmaDecoder {
  [[nodiscard]] lzma_ret initialise(lzma_stream* stream) const override {
    return lzma_alone_decoder(stream, memory_limit_bytes);
  }
};

class Lzma final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "lzma"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "lzma (LZMA_alone), recognised by its whole header";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    if (packed.size() <= lzma_header_bytes || !are_properties(packed[0]) ||
        packed[lzma_header_bytes] != 0)
      return false;
    const Bytes bytes(packed);
    const auto dictionary = bytes.read<std::uint32_t>(1);
    const auto size = bytes.read<std::uint64_t>(5);
    return dictionary && is_dictionary(*dictionary) && size &&
           (*size == unknown_size || *size < largest_size);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    // One stream: nothing tells where the next one would begin.
    LzmaDecoder decoder;
    KXF_TRY(end, unpack_stream(decoder, packed, 0, out));
    return check_rest(*this, packed, end, out);
  }
};

}  // namespace

const Codec& lzma() {
  static const Lzma codec;
  return codec;
}

}  // namespace kxf::formats
