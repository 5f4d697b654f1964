// SPDX-License-Identifier: Apache-2.0
//
// bzip2 by libbz2: one stream or several in a row.
#include <bzlib.h>

#include <algorithm>
#include <limits>

#include "formats/formats.hpp"
#include "formats/stream.hpp"

namespace kxf::formats {
namespace {

// A stream begins with "BZh", the block size in units of 100 kB as a digit, and a block, or the end
// where there is none. The two magic numbers are the digits of pi and of its square root.
constexpr std::string_view bzip2_magic = "BZh";
constexpr std::string_view block_magic = "\x31\x41\x59\x26\x53\x59";
constexpr std::string_view end_magic = "\x17\x72\x45\x38\x50\x90";
constexpr std::size_t level_at = 3;
constexpr std::size_t block_at = 4;

class Bzip2Decoder final : public StreamDecoder {
 public:
  ~Bzip2Decoder() override { stop(); }

  Status start() override {
    stop();
    stream_ = {};
    constexpr int quiet = 0;
    constexpr int fast = 0;
    ready_ = BZ2_bzDecompressInit(&stream_, quiet, fast) == BZ_OK;
    if (ready_) return {};
    return no_memory();
  }

  Result<Step> step(ByteView in, std::span<std::uint8_t> room) override {
    const unsigned in_bytes = chunk(in.size());
    const unsigned out_bytes = chunk(room.size());
    // The library does not write there; its type is older than const in C.
    stream_.next_in = const_cast<char*>(text_of(in).data());  // NOLINT
    stream_.avail_in = in_bytes;
    stream_.next_out = reinterpret_cast<char*>(room.data());
    stream_.avail_out = out_bytes;
    const int answer = BZ2_bzDecompress(&stream_);
    Step step{Step::State::more, in_bytes - stream_.avail_in, out_bytes - stream_.avail_out};
    if (answer == BZ_STREAM_END) {
      step.state = Step::State::end;
    } else if (answer == BZ_MEM_ERROR) {
      return no_memory();
    } else if (answer != BZ_OK) {
      step.state = Step::State::damaged;
      step.reason =
          answer == BZ_DATA_ERROR_MAGIC ? "no bzip2 stream" : "incorrect data or checksum";
    }
    return step;
  }

 private:
  void stop() {
    if (ready_) BZ2_bzDecompressEnd(&stream_);
    ready_ = false;
  }
  static unsigned chunk(std::size_t size) {
    return static_cast<unsigned>(std::min<std::size_t>(size, std::numeric_limits<unsigned>::max()));
  }

  bz_stream stream_{};
  bool ready_ = false;
};

class Bzip2 final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "bzip2"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "bzip2, one or several streams";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    const Bytes bytes(packed);
    return bytes.has(0, bzip2_magic) && packed.size() > level_at && packed[level_at] >= '1' &&
           packed[level_at] <= '9' &&
           (bytes.has(block_at, block_magic) || bytes.has(block_at, end_magic));
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    Bzip2Decoder decoder;
    return unpack_streams(*this, decoder, packed, out);
  }
};

}  // namespace

const Codec& bzip2() {
  static const Bzip2 codec;
  return codec;
}

}  // namespace kxf::formats
