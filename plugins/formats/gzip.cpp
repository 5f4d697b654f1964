// SPDX-License-Identifier: Apache-2.0
//
// gzip (RFC 1952): one member or several in a row. A member is unpacked by libdeflate, in one call,
// which takes half of the instructions that zlib's streaming takes. That call needs to know how
// much memory the member takes, and it does not say where it found damage. So where its answer is
// not a whole member, zlib goes over it again, and what zlib says counts.
#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

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

/// libdeflate, for one member after the other.
class WholeMember {
 public:
  /// Unpack the member that `packed` begins with; the result is how long it is.
  /// Nothing: it is to be unpacked in another way, for whatever reason.
  Result<std::optional<std::size_t>> unpack(ByteView packed, OutputBuffer& out) {
    // Where the file is one member, its size is at the end: RFC 1952, 2.3.1, ISIZE. Linux's build
    // appends the same number again.
    const auto size =
        Bytes(packed).read<std::uint32_t>(packed.size() - std::min<std::size_t>(packed.size(), 4));
    if (!decompressor_ || !size || *size == 0 || *size > out.left_bytes() ||
        has_header_checksum(packed))
      return std::nullopt;
    KXF_TRY(room, out.tail(*size));
    std::size_t read_bytes = 0;
    std::size_t written_bytes = 0;
    if (libdeflate_gzip_decompress_ex(decompressor_.get(), packed.data(), packed.size(),
                                      room.data(), room.size(), &read_bytes,
                                      &written_bytes) != LIBDEFLATE_SUCCESS)
      return std::nullopt;
    out.commit(written_bytes);
    return read_bytes;
  }

 private:
  /// libdeflate skips that checksum.
  static bool has_header_checksum(ByteView packed) {
    constexpr std::size_t flags_at = 3;
    constexpr unsigned header_checksum = 2;  // RFC 1952, 2.3.1, FHCRC
    return packed.size() <= flags_at || (packed[flags_at] & header_checksum) != 0;
  }

  std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor_{
      libdeflate_alloc_decompressor(), &libdeflate_free_decompressor};
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
    WholeMember whole_member;
    Inflater inflater;
    std::size_t at = 0;
    do {
      KXF_TRY(length, whole_member.unpack(packed.subspan(at), out));
      if (length) {
        at += *length;
        continue;
      }
      KXF_TRY(end, unpack_stream(inflater, packed, at, out));
      at = end;
    } while (recognises(packed.subspan(at)));
    return check_rest(*this, packed, at, out);
  }
};

}  // namespace

const Codec& gzip() {
  static const Gzip codec;
  return codec;
}

}  // namespace kxf::formats
