// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include "formats/gzip.hpp"

namespace {

using namespace kxf;

constexpr std::uint64_t plenty = 64U << 20U;

ByteVector gzip(const ByteVector& plain, int level = 6) {
  z_stream stream{};
  constexpr int gzip_wrapper = 16 + MAX_WBITS;
  REQUIRE(deflateInit2(&stream, level, Z_DEFLATED, gzip_wrapper, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  ByteVector packed(deflateBound(&stream, plain.size()) + 32);
  ByteVector in = plain;
  stream.next_in = in.data();
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.erase(packed.begin() + static_cast<std::ptrdiff_t>(stream.total_out), packed.end());
  deflateEnd(&stream);
  return packed;
}

ByteVector plain_bytes(std::size_t size) {
  ByteVector bytes(size);
  std::uint32_t state = 1;
  for (std::uint8_t& byte : bytes) {
    state = state * 1664525U + 1013904223U;
    byte = static_cast<std::uint8_t>(state >> 29U);  // compresses, but not to nothing
  }
  return bytes;
}

Result<ByteVector> unpack(ByteView packed, std::uint64_t limit = plenty) {
  const formats::GzipCodec codec;
  OutputBuffer out(limit);
  KXF_CHECK(codec.unpack(packed, out));
  const Blob blob = out.take();
  return ByteVector(blob.view().begin(), blob.view().end());
}

std::string complaint(ByteView packed, std::uint64_t limit = plenty) {
  const auto unpacked = unpack(packed, limit);
  return unpacked ? "none" : unpacked.error().message;
}

ByteVector operator+(ByteVector left, const ByteVector& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

}  // namespace

TEST_CASE("gzip: recognised by its magic alone") {
  const formats::GzipCodec codec;
  CHECK(codec.recognises(gzip({1, 2, 3})));
  CHECK_FALSE(codec.recognises(ByteView()));
  CHECK_FALSE(codec.recognises(bytes_of("\x1f\x8b")));
  CHECK_FALSE(codec.recognises(bytes_of("\x1f\x8b\x07 another method")));
}

TEST_CASE("gzip: what was packed comes back") {
  const ByteVector plain = plain_bytes(3U << 20U);
  for (const int level : {0, 1, 9}) CHECK(unpack(gzip(plain, level)) == plain);
  CHECK(unpack(gzip({})) == ByteVector());
  CHECK(rc::check([](const ByteVector& bytes) { RC_ASSERT(*unpack(gzip(bytes)) == bytes); }));
}

TEST_CASE("gzip: several members make one output, zeros behind them do not count") {
  const ByteVector first = plain_bytes(1000);
  const ByteVector second = {7, 8, 9};
  CHECK(unpack(gzip(first) + gzip(second)) == first + second);
  CHECK(unpack(gzip(first) + gzip({}) + gzip(second) + ByteVector(511)) == first + second);
}

TEST_CASE("gzip: something else behind the data is refused with its offset") {
  const ByteVector packed = gzip(plain_bytes(1000));
  const std::string end = std::to_string(packed.size());
  CHECK(complaint(packed + ByteVector{0, 0, 5}) ==
        "the compressed data ends at byte " + end +
            " and something that is not gzip follows at byte " + std::to_string(packed.size() + 2));
}

TEST_CASE("gzip: every cut is refused as truncated") {
  const ByteVector packed = gzip(plain_bytes(2000));
  for (std::size_t size = 0; size < packed.size(); ++size) {
    CAPTURE(size);
    const std::string all = std::to_string(size);
    CHECK(complaint(ByteView(packed).first(size)) ==
          "truncated, the data ends at byte " + all + " of " + all);
  }
  const ByteVector two = packed + packed;
  CHECK(complaint(ByteView(two).first(two.size() - 1)).starts_with("truncated"));
}

TEST_CASE("gzip: damage is refused with the offset") {
  ByteVector wrong_crc = gzip(plain_bytes(1000));
  wrong_crc[wrong_crc.size() - 8] ^= 1U;  // RFC 1952, 2.3.1: CRC32, then ISIZE, end the member
  const std::string size = std::to_string(wrong_crc.size());
  CHECK(complaint(wrong_crc) == "damaged at byte " + std::to_string(wrong_crc.size() - 4) + " of " +
                                    size + ": incorrect data check");
  ByteVector reserved_block = gzip(plain_bytes(1000));
  reserved_block[10] |= 0x06U;  // RFC 1951, 3.2.3: block type 3 is an error
  CHECK(complaint(reserved_block).find("invalid block type") != std::string::npos);
  CHECK(complaint(bytes_of("not gzip at all")).starts_with("damaged at byte 2 of 15"));
}

TEST_CASE("gzip: the limit of the output stops a bomb") {
  const ByteVector bomb = gzip(ByteVector(8U << 20U), 9);
  const auto unpacked = unpack(bomb, 1U << 20U);
  REQUIRE_FALSE(unpacked);
  CHECK(unpacked.error().fault == Fault::refused);
  CHECK(unpack(bomb, 8U << 20U)->size() == 8U << 20U);
}

TEST_CASE("gzip: no damage is read beyond") {
  const ByteVector packed = gzip(plain_bytes(300));
  CHECK(rc::check([&](std::uint16_t at, std::uint8_t value) {
    ByteVector bytes = packed;
    bytes[at % bytes.size()] = value;
    static_cast<void>(unpack(bytes, 1U << 20U));
  }));
}
