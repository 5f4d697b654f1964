// SPDX-License-Identifier: Apache-2.0
//
// xz (The .xz File Format 1.1.0) by liblzma: one stream or several, with padding in between.
#include "formats/formats.hpp"
#include "formats/liblzma_decoder.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view xz_magic(
    "\xfd"
    "7zXZ\0",
    6);                                      // section 2.1.1.1
constexpr std::size_t padding_multiple = 4;  // section 2.2, "Stream Padding"

class XzDecoder final : public LiblzmaDecoder {
  [[nodiscard]] lzma_ret initialise(lzma_stream* stream) const override {
    return lzma_stream_decoder(stream, memory_limit_bytes, LZMA_TELL_UNSUPPORTED_CHECK);
  }
};

class Xz final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "xz"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "xz, one or several streams";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    return text_of(packed).starts_with(xz_magic);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    XzDecoder decoder;
    return unpack_streams(*this, decoder, packed, out, padding_multiple);
  }
};

}  // namespace

const Codec& xz() {
  static const Xz codec;
  return codec;
}

}  // namespace kxf::formats
