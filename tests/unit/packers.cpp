// SPDX-License-Identifier: Apache-2.0
#include "packers.hpp"

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <stdexcept>

#include "formats/formats.hpp"

namespace kxf_test {
namespace {

using kxf::ByteVector;

/// A packer that does not pack is a broken test, not a failed one.
void must(bool worked, const char* what) {
  if (!worked) throw std::logic_error(what);
}

ByteVector xz_with(const ByteVector& plain, lzma_check check) {
  ByteVector packed(lzma_stream_buffer_bound(plain.size()));
  std::size_t size = 0;
  must(lzma_easy_buffer_encode(0, check, nullptr, plain.data(), plain.size(), packed.data(), &size,
                               packed.size()) == LZMA_OK,
       "xz");
  packed.resize(size);
  return packed;
}
ByteVector xz_crc32(const ByteVector& plain) { return xz_with(plain, LZMA_CHECK_CRC32); }
ByteVector xz_sha256(const ByteVector& plain) { return xz_with(plain, LZMA_CHECK_SHA256); }

ByteVector lzma_alone(const ByteVector& plain) {
  lzma_options_lzma options{};
  must(!lzma_lzma_preset(&options, 0), "lzma preset");
  lzma_stream stream = LZMA_STREAM_INIT;
  must(lzma_alone_encoder(&stream, &options) == LZMA_OK, "lzma");
  ByteVector packed(plain.size() * 2 + 1024);
  stream.next_in = plain.data();
  stream.avail_in = plain.size();
  stream.next_out = packed.data();
  stream.avail_out = packed.size();
  must(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END, "lzma");
  packed.resize(stream.total_out);
  lzma_end(&stream);
  return packed;
}

ByteVector zstd_with(const ByteVector& plain, bool from_pipe) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, from_pipe ? 0 : 1);
  ByteVector packed(ZSTD_compressBound(plain.size()));
  const std::size_t size =
      ZSTD_compress2(context, packed.data(), packed.size(), plain.data(), plain.size());
  ZSTD_freeCCtx(context);
  must(ZSTD_isError(size) == 0, "zstd");
  packed.resize(size);
  return packed;
}
ByteVector zstd_from_pipe(const ByteVector& plain) { return zstd_with(plain, true); }

ByteVector lz4_frame_with(const ByteVector& plain, const LZ4F_preferences_t& wishes) {
  ByteVector packed(LZ4F_compressFrameBound(plain.size(), &wishes));
  const std::size_t size =
      LZ4F_compressFrame(packed.data(), packed.size(), plain.data(), plain.size(), &wishes);
  must(LZ4F_isError(size) == 0, "lz4 frame");
  packed.resize(size);
  return packed;
}
ByteVector lz4_frame(const ByteVector& plain) {
  LZ4F_preferences_t wishes{};
  wishes.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  return lz4_frame_with(plain, wishes);
}
ByteVector lz4_large_blocks(const ByteVector& plain) {
  LZ4F_preferences_t wishes{};
  wishes.frameInfo.blockSizeID = LZ4F_max4MB;
  wishes.frameInfo.blockMode = LZ4F_blockIndependent;
  wishes.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
  wishes.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  wishes.frameInfo.contentSize = plain.size();
  return lz4_frame_with(plain, wishes);
}

template <std::unsigned_integral T>
void append(ByteVector& out, T value, kxf::Endian endian) {
  out.resize(out.size() + sizeof(T));
  kxf::store(std::span<std::uint8_t>(out), out.size() - sizeof(T), value, endian);
}

ByteVector lz4_legacy(const ByteVector& plain) {
  constexpr std::size_t block_bytes = 8U << 20U;
  ByteVector out;
  append<std::uint32_t>(out, 0x184c2102, kxf::Endian::little);
  for (std::size_t at = 0; at < plain.size(); at += block_bytes) {
    const auto size = static_cast<int>(std::min(block_bytes, plain.size() - at));
    ByteVector packed(static_cast<std::size_t>(LZ4_compressBound(size)));
    const int packed_size = LZ4_compress_default(reinterpret_cast<const char*>(plain.data() + at),
                                                 reinterpret_cast<char*>(packed.data()), size,
                                                 static_cast<int>(packed.size()));
    must(packed_size > 0, "lz4 block");
    append(out, static_cast<std::uint32_t>(packed_size), kxf::Endian::little);
    out.insert(out.end(), packed.begin(), packed.begin() + packed_size);
  }
  return out;
}

ByteVector bzip2(const ByteVector& plain) {
  ByteVector packed(plain.size() + plain.size() / 100 + 600);
  auto size = static_cast<unsigned>(packed.size());
  ByteVector in = plain;
  in.resize(std::max<std::size_t>(in.size(), 1));  // a pointer even for nothing
  must(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(packed.data()), &size,
                                reinterpret_cast<char*>(in.data()),
                                static_cast<unsigned>(plain.size()), 1, 0, 0) == BZ_OK,
       "bzip2");
  packed.resize(size);
  return packed;
}

ByteVector gzip_6(const ByteVector& plain) { return gzip(plain); }

/// Builds an LZO1X stream.
class Lzo {
 public:
  Lzo(const ByteVector& plain, std::uint32_t seed) : plain_(plain), state_(seed) {}

  ByteVector pack() {
    while (at_ < plain_.size()) {
      const auto [distance, length] = find();
      if (length == 0 || !put_match(distance, length)) ++at_;
    }
    put_literals();
    out_.insert(out_.end(), {0x11, 0, 0});
    return out_;
  }

 private:
  static constexpr std::size_t none = SIZE_MAX;

  bool chance() {
    state_ = state_ * 1664525U + 1013904223U;
    return state_ >> 31U != 0;
  }

  /// The last place where the next three bytes stood, or one before it.
  std::pair<std::size_t, std::size_t> find() {
    if (plain_.size() - at_ < 3) return {0, 0};
    const std::uint32_t key =
        plain_[at_] | std::uint32_t{plain_[at_ + 1]} << 8U | std::uint32_t{plain_[at_ + 2]} << 16U;
    std::size_t& slot = seen_[key * 2654435761U >> 18U];
    const std::size_t before = slot;
    // Places are forgotten at random, so that farther ones are found, too.
    if (before == none || chance() || at_ - before > 40000) slot = at_;
    if (before == none || at_ - before > 49151) return {0, 0};
    std::size_t length = 0;
    while (at_ + length < plain_.size() && plain_[before + length] == plain_[at_ + length])
      ++length;
    return {at_ - before, length};
  }

  void put(std::size_t byte) { out_.push_back(static_cast<std::uint8_t>(byte)); }

  void put_length(std::size_t opcode, std::size_t bits_max, std::size_t value) {
    if (value <= bits_max) return put(opcode | value);
    put(opcode);
    for (value -= bits_max; value > 255; value -= 255) put(0);
    put(value);
  }

  /// Everything from literals_ to at_.
  void put_literals() {
    const std::size_t count = at_ - literals_;
    if (count != 0 && out_.empty() && count <= 238 && (count < 4 || chance())) {
      put(count + 17);
      behind_ = std::min<std::size_t>(count, 4);
    } else if (count != 0 && count < 4) {
      out_[joint_] = static_cast<std::uint8_t>(out_[joint_] | count);
      behind_ = count;
    } else if (count != 0) {
      put_length(0, 15, count - 3);
      behind_ = 4;
    }
    for (; literals_ < at_; ++literals_) put(plain_[literals_]);
  }

  /// False when no instruction can say it here.
  bool put_match(std::size_t distance, std::size_t length) {
    if (length == 3 && distance <= 1024 && chance()) length = 2;
    // What the state will be behind the literals that come first.
    const std::size_t count = at_ - literals_;
    const std::size_t state = count != 0 ? std::min<std::size_t>(count, 4) : behind_;
    if (length < 3 && (state < 1 || state > 3 || distance > 1024)) return false;
    put_literals();
    const std::size_t back = distance - 1;
    behind_ = 0;
    if (length == 2) {
      joint_ = out_.size();
      put((back & 3U) << 2U);
      put(back >> 2U);
    } else if (length == 3 && state == 4 && distance > 2048 && distance <= 3072) {
      joint_ = out_.size();
      put(((back - 2048) & 3U) << 2U);
      put((back - 2048) >> 2U);
    } else if (length <= 8 && distance <= 2048 && chance()) {
      joint_ = out_.size();
      put((length - 1) << 5U | (back & 7U) << 2U);
      put(back >> 3U);
    } else {
      const bool far = distance > 16384;
      const std::size_t bits = far ? distance - 16384 : back;
      if (far)
        put_length(0x10 | (bits >> 14U) << 3U, 7, length - 2);
      else
        put_length(0x20, 31, length - 2);
      joint_ = out_.size();
      put((bits & 0x3fU) << 2U);
      put(bits >> 6U & 0xffU);
    }
    at_ += length;
    literals_ = at_;
    return true;
  }

  const ByteVector& plain_;
  std::uint32_t state_;
  ByteVector out_;
  std::vector<std::size_t> seen_ = std::vector<std::size_t>(1U << 14U, none);
  std::size_t at_ = 0;
  std::size_t literals_ = 0;  ///< the first that is not written yet
  std::size_t joint_ = 0;     ///< the byte that takes the number of literals behind a match
  std::size_t behind_ = 0;    ///< how many literals are behind the last match; 4: a run
};

}  // namespace

ByteVector gzip(const ByteVector& plain, int level) {
  z_stream stream{};
  constexpr int gzip_wrapper = 16 + MAX_WBITS;
  must(deflateInit2(&stream, level, Z_DEFLATED, gzip_wrapper, 8, Z_DEFAULT_STRATEGY) == Z_OK,
       "gzip");
  ByteVector packed(deflateBound(&stream, plain.size()) + 32);
  ByteVector in = plain;
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  must(deflate(&stream, Z_FINISH) == Z_STREAM_END, "gzip");
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

ByteVector zstd(const ByteVector& plain) { return zstd_with(plain, false); }

ByteVector lzo1x(const ByteVector& plain, std::uint32_t seed) { return Lzo(plain, seed).pack(); }

ByteVector lzop(const ByteVector& plain) {
  constexpr std::size_t block_bytes = 256U << 10U;
  constexpr auto big = kxf::Endian::big;
  ByteVector out = {0x89, 'L', 'Z', 'O', 0, '\r', '\n', 0x1a, '\n'};
  const std::size_t header = out.size();
  append<std::uint16_t>(out, 0x1040, big);
  append<std::uint16_t>(out, 0x20a0, big);
  append<std::uint16_t>(out, 0x0940, big);
  append<std::uint16_t>(out, 0x0309, big);      // method, level
  append<std::uint32_t>(out, 0x03000101, big);  // Unix, Adler-32 and CRC-32 of what is unpacked
  append<std::uint32_t>(out, 0100644, big);
  append<std::uint64_t>(out, 0, big);
  append<std::uint8_t>(out, 0, big);
  const auto sum = [](const std::uint8_t* bytes, std::size_t size) {
    return static_cast<std::uint32_t>(adler32(1, bytes, static_cast<uInt>(size)));
  };
  append(out, sum(out.data() + header, out.size() - header), big);
  for (std::size_t at = 0; at < plain.size(); at += block_bytes) {
    const std::size_t size = std::min(block_bytes, plain.size() - at);
    const auto first = plain.begin() + static_cast<std::ptrdiff_t>(at);
    const ByteVector block(first, first + static_cast<std::ptrdiff_t>(size));
    ByteVector packed = lzo1x(block, 1);
    if (packed.size() >= block.size()) packed = block;
    append(out, static_cast<std::uint32_t>(block.size()), big);
    append(out, static_cast<std::uint32_t>(packed.size()), big);
    append(out, sum(block.data(), block.size()), big);
    append(out, static_cast<std::uint32_t>(crc32(0, block.data(), static_cast<uInt>(size))), big);
    out.insert(out.end(), packed.begin(), packed.end());
  }
  append<std::uint32_t>(out, 0, big);
  return out;
}

ByteVector plain_bytes(std::size_t size) {
  ByteVector bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 29U);
  }
  return bytes;
}

ByteVector cheap_bytes(std::size_t size) {
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i >> 4U ^ i >> 13U);
  return bytes;
}

const std::vector<Packer>& packers() {
  namespace formats = kxf::formats;
  static const std::vector<Packer> all = {
      {"gzip", &formats::gzip, &gzip_6},
      {"xz with CRC-32", &formats::xz, &xz_crc32},
      {"xz with SHA-256", &formats::xz, &xz_sha256},
      {.name = "lzma",
       .codec = &formats::lzma,
       .pack = &lzma_alone,
       .checked = false,
       .joins = false},
      {"zstd", &formats::zstd, &zstd},
      {"zstd from a pipe", &formats::zstd, &zstd_from_pipe},
      {"lz4", &formats::lz4, &lz4_frame},
      {"lz4 with large blocks", &formats::lz4, &lz4_large_blocks},
      {.name = "lz4, legacy",
       .codec = &formats::lz4,
       .pack = &lz4_legacy,
       .checked = false,
       .ends = false},
      {"bzip2", &formats::bzip2, &bzip2},
      {"lzo", &formats::lzo, &lzop},
  };
  return all;
}

}  // namespace kxf_test
