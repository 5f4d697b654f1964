// SPDX-License-Identifier: Apache-2.0
#include "formats/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <string>

namespace kxf::formats {
namespace {

constexpr std::string_view magic = "\x1f\x8b\x08";  // ID1, ID2, CM = deflate: RFC 1952, 2.3.1

/// zlib's stream over all of `packed`, released with the object.
class Inflater {
 public:
  explicit Inflater(ByteView packed) : packed_(packed) {}
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Unpack the member that starts at position().
  Status member(OutputBuffer& out) {
    KXF_CHECK(start());
    for (;;) {
      // At the limit there may be nothing left to come but the trailer: one more byte of output
      // is what makes it too much.
      std::uint8_t one_too_many = 0;
      auto tail = out.tail();
      const uInt room = tail ? static_cast<uInt>(std::min(tail->size(), chunk_limit)) : 1;
      stream_.next_out = tail ? tail->data() : &one_too_many;
      stream_.avail_out = room;
      feed();
      const int answer = inflate(&stream_, Z_NO_FLUSH);
      const uInt produced = room - stream_.avail_out;
      if (!tail && produced != 0) return tl::unexpected(std::move(tail).error());
      out.commit(produced);
      if (answer == Z_STREAM_END) return {};
      if (answer == Z_OK) continue;
      return failure(answer);
    }
  }

  /// How much of the input is used up, in bytes.
  [[nodiscard]] std::size_t position() const { return fed_ - stream_.avail_in; }
  [[nodiscard]] ByteView rest() const { return packed_.subspan(position()); }

 private:
  // zlib counts what it is given in uInt.
  static constexpr std::size_t chunk_limit = std::numeric_limits<uInt>::max();
  static constexpr int gzip_only = 16 + MAX_WBITS;  // zlib manual, inflateInit2()

  Status start() {
    const int answer = ready_ ? inflateReset(&stream_) : inflateInit2(&stream_, gzip_only);
    ready_ = ready_ || answer == Z_OK;
    if (answer == Z_OK) return {};
    return refuse("not enough memory to unpack", "free memory");
  }

  void feed() {
    if (stream_.avail_in != 0) return;
    const std::size_t size = std::min(packed_.size() - fed_, chunk_limit);
    // zlib does not write there; its type is older than const in C.
    stream_.next_in = const_cast<Bytef*>(packed_.data() + fed_);  // NOLINT
    stream_.avail_in = static_cast<uInt>(size);
    fed_ += size;
  }

  [[nodiscard]] tl::unexpected<Error> failure(int answer) const {
    const std::string where = std::to_string(position()) + " of " + std::to_string(packed_.size());
    if (answer == Z_BUF_ERROR)
      return refuse("truncated, the data ends at byte " + where, "copy the file again");
    if (answer == Z_MEM_ERROR) return refuse("not enough memory to unpack", "free memory");
    const std::string reason = stream_.msg != nullptr ? stream_.msg : "invalid data";
    return refuse("damaged at byte " + where + ": " + reason, "copy the file again");
  }

  ByteView packed_;
  z_stream stream_{};
  std::size_t fed_ = 0;
  bool ready_ = false;
};

}  // namespace

bool GzipCodec::recognises(ByteView packed) const noexcept {
  return text_of(packed).starts_with(magic);
}

Status GzipCodec::unpack(ByteView packed, OutputBuffer& out) const noexcept {
  Inflater inflater(packed);
  do {
    KXF_CHECK(inflater.member(out));
  } while (recognises(inflater.rest()));

  const ByteView rest = inflater.rest();
  const auto stray = std::ranges::find_if(rest, [](std::uint8_t byte) { return byte != 0; });
  if (stray == rest.end()) return {};
  const auto offset = inflater.position() + static_cast<std::size_t>(stray - rest.begin());
  return refuse("the compressed data ends at byte " + std::to_string(inflater.position()) +
                    " and something that is not gzip follows at byte " + std::to_string(offset),
                "remove what was appended to the file");
}

}  // namespace kxf::formats
