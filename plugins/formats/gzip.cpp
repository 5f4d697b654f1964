// SPDX-License-Identifier: Apache-2.0
//
// gzip (RFC 1952) by zlib: one member or several in a row.
#include <zlib.h>

#include <algorithm>
#include <limits>

#include "formats/formats.hpp"
#include "formats/stream.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view gzip_magic = "\x1f\x8b\x08";  // ID1, ID2, CM = deflate: RFC 1952, 2.3.1

class Inflater final : public StreamDecoder {
 public:
  ~Inflater() override {
    if (ready_) inflateEnd(&stream_);
  }

  Status start() override {
    const int answer = ready_ ? inflateReset(&stream_) : inflateInit2(&stream_, gzip_only);
    ready_ = ready_ || answer == Z_OK;
    if (answer == Z_OK) return {};
    return no_memory();
  }

  Result<Step> step(ByteView in, std::span<std::uint8_t> room) override {
    const uInt in_bytes = chunk(in.size());
    const uInt out_bytes = chunk(room.size());
    // zlib does not write there; its type is older than const in C.
    stream_.next_in = const_cast<Bytef*>(in.data());  // NOLINT
    stream_.avail_in = in_bytes;
    stream_.next_out = room.data();
    stream_.avail_out = out_bytes;
    const int answer = inflate(&stream_, Z_NO_FLUSH);
    Step step{Step::State::more, in_bytes - stream_.avail_in, out_bytes - stream_.avail_out};
    if (answer == Z_STREAM_END) {
      step.state = Step::State::end;
    } else if (answer == Z_MEM_ERROR) {
      return no_memory();
    } else if (answer != Z_OK && answer != Z_BUF_ERROR) {
      step.state = Step::State::damaged;
      step.reason = stream_.msg != nullptr ? stream_.msg : "invalid data";
    }
    return step;
  }

 private:
  static constexpr int gzip_only = 16 + MAX_WBITS;  // zlib manual, inflateInit2()

  // zlib counts what it is given in uInt.
  static uInt chunk(std::size_t size) {
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
  }

  z_stream stream_{};
  bool ready_ = false;
};

class Gzip final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "gzip"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "gzip (RFC 1952), one or several members";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    return text_of(packed).starts_with(gzip_magic);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    Inflater inflater;
    return unpack_streams(*this, inflater, packed, out);
  }
};

}  // namespace

const Codec& gzip() {
  static const Gzip codec;
  return codec;
}

}  // namespace kxf::formats
