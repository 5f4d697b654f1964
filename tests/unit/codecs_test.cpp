// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include <algorithm>

#include "formats/formats.hpp"
#include "packers.hpp"

namespace codecs_test {
namespace {

using namespace kxf;
using kxf_test::Packer;
using kxf_test::packers;
using kxf_test::plain_bytes;

constexpr std::uint64_t plenty = 64U << 20U;

Result<ByteVector> unpack(const Codec& codec, ByteView packed, std::uint64_t limit = plenty) {
  OutputBuffer out(limit);
  KXF_CHECK(codec.unpack(packed, out));
  const Blob blob = out.take();
  return ByteVector(blob.view().begin(), blob.view().end());
}

std::string complaint(const Codec& codec, ByteView packed, std::uint64_t limit = plenty) {
  const auto unpacked = unpack(codec, packed, limit);
  if (unpacked) return "none";
  CHECK(unpacked.error().fault == Fault::refused);
  CHECK_FALSE(unpacked.error().remedy.empty());
  return unpacked.error().message;
}

ByteVector operator+(ByteVector left, const ByteVector& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// What Linux's build appends to some of its files.
ByteVector appended_size(std::size_t size) {
  ByteVector bytes(4);
  store(std::span<std::uint8_t>(bytes), 0, static_cast<std::uint32_t>(size), Endian::little);
  return bytes;
}

bool is_prefix(const ByteVector& part, const ByteVector& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

}  // namespace

TEST_CASE("codecs: each recognises its own by magic, and nothing of the others") {
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    for (const std::size_t size : {0U, 1U, 5000U}) {
      const ByteVector packed = packer.pack(plain_bytes(size));
      for (const Packer& other : packers())
        CHECK(other.codec().recognises(packed) == (&other.codec() == &packer.codec()));
      CHECK_FALSE(packer.codec().recognises(ByteView(packed).first(2)));
    }
    CHECK_FALSE(packer.codec().recognises(ByteView()));
    CHECK_FALSE(packer.codec().recognises(ByteVector(64, 0)));
    CHECK_FALSE(packer.codec().recognises(ByteVector(64, 0xff)));
  }
}

TEST_CASE("codecs: what was packed comes back") {
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    for (const std::size_t size : {0U, 1U, 70'000U})
      CHECK(unpack(packer.codec(), packer.pack(plain_bytes(size))) == plain_bytes(size));
    CHECK(rc::check([&packer](const ByteVector& bytes) {
      RC_ASSERT(*unpack(packer.codec(), packer.pack(bytes)) == bytes);
    }));
  }
}

TEST_CASE("codecs: more than a block of every format comes back") {
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    // The largest block is that of LZ4's legacy frames, 8 MiB.
    const std::size_t size = &packer.codec() == &formats::lz4() ? 17U << 20U : 3U << 20U;
    const ByteVector plain = kxf_test::cheap_bytes(size);
    CHECK(unpack(packer.codec(), packer.pack(plain)) == plain);
  }
}

TEST_CASE("codecs: several streams make one output, zeros behind them do not count") {
  const ByteVector first = plain_bytes(1000);
  const ByteVector second = {7, 8, 9};
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    CHECK(unpack(packer.codec(), packer.pack(first) + ByteVector(511)) == first);
    if (!packer.joins || !packer.ends) continue;
    CHECK(unpack(packer.codec(), packer.pack(first) + packer.pack(second)) == first + second);
    CHECK(unpack(packer.codec(), packer.pack(first) + packer.pack({}) + packer.pack(second) +
                                     ByteVector(511)) == first + second);
  }
}

TEST_CASE("codecs: the size that Linux's build appends is no stray data, another number is") {
  const ByteVector plain = plain_bytes(5000);
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    const ByteVector packed = packer.pack(plain);
    CHECK(unpack(packer.codec(), packed + appended_size(5000)) == plain);
    CHECK_FALSE(unpack(packer.codec(), packed + appended_size(5001)));
  }
}

TEST_CASE("codecs: something else behind the data is refused with its offset") {
  for (const Packer& packer : packers()) {
    if (!packer.ends) continue;
    CAPTURE(packer.name);
    const ByteVector packed = packer.pack(plain_bytes(1000));
    CHECK(complaint(packer.codec(), packed + ByteVector{0, 0, 5}) ==
          "the compressed data ends at byte " + std::to_string(packed.size()) +
              " and something that is not " + std::string(packer.codec().name()) +
              " follows at byte " + std::to_string(packed.size() + 2));
  }
}

TEST_CASE("codecs: every cut is refused as truncated") {
  const ByteVector plain = plain_bytes(700);
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    const ByteVector packed = packer.pack(plain);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      CAPTURE(size);
      const auto unpacked = unpack(packer.codec(), ByteView(packed).first(size));
      if (!packer.ends && unpacked) {
        CHECK(is_prefix(*unpacked, plain));
        continue;
      }
      const std::string all = std::to_string(size);
      CHECK(complaint(packer.codec(), ByteView(packed).first(size)) ==
            "truncated, the data ends at byte " + all + " of " + all);
    }
    if (!packer.joins) continue;
    const ByteVector two = packed + packed;
    CHECK(complaint(packer.codec(), ByteView(two).first(two.size() - 1)).starts_with("truncated"));
  }
}

TEST_CASE("codecs: no flipped bit gives other bytes, where there is a checksum") {
  const ByteVector plain = plain_bytes(150);
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    const ByteVector packed = packer.pack(plain);
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
      CAPTURE(bit);
      ByteVector flipped = packed;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
      const auto unpacked = unpack(packer.codec(), flipped, 1U << 20U);
      if (!unpacked) ++refused;
      if (packer.checked && unpacked) CHECK(*unpacked == plain);
    }
    CHECK(refused > 0);
    // The names, times and systems that some headers have do not matter.
    if (packer.checked) CHECK(refused >= packed.size() * 8 - 100);
  }
}

TEST_CASE("codecs: damage is refused with the offset") {
  for (const Packer& packer : packers()) {
    if (!packer.checked) continue;
    CAPTURE(packer.name);
    ByteVector packed = packer.pack(plain_bytes(1000));
    packed[packed.size() / 2] ^= 0x10U;
    const std::string text = complaint(packer.codec(), packed);
    CHECK(text.starts_with("damaged at byte "));
    CHECK(text.find(" of " + std::to_string(packed.size()) + ": ") != std::string::npos);
  }
}

TEST_CASE("codecs: the limit of the output is exact") {
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    for (const std::size_t size : {1U, 1000U, 2U << 20U, (2U << 20U) + 1, 9U << 20U}) {
      if (size > 4U << 20U && &packer.codec() != &formats::lz4()) continue;  // of 8 MiB a block
      CAPTURE(size);
      const ByteVector packed = packer.pack(kxf_test::cheap_bytes(size));
      CHECK(unpack(packer.codec(), packed, size)->size() == size);
      CHECK(complaint(packer.codec(), packed, size - 1)
                .starts_with("unpacks to more than the limit of"));
    }
    CHECK(unpack(packer.codec(), packer.pack({}), 0) == ByteVector());
    if (!packer.joins || !packer.ends) continue;
    const ByteVector two = packer.pack(plain_bytes(1000)) + packer.pack({1});
    CHECK(unpack(packer.codec(), two, 1001)->size() == 1001);
    CHECK_FALSE(unpack(packer.codec(), two, 1000));
  }
}

TEST_CASE("codecs: the limit stops a bomb") {
  const ByteVector zeros(4U << 20U);
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    CHECK(complaint(packer.codec(), packer.pack(zeros), 1U << 20U) ==
          "unpacks to more than the limit of 1 MiB");
  }
}

TEST_CASE("codecs: no damage is read beyond") {
  for (const Packer& packer : packers()) {
    CAPTURE(packer.name);
    const ByteVector packed = packer.pack(plain_bytes(300));
    CHECK(rc::check([&](std::uint16_t at, std::uint8_t value, std::uint16_t cut) {
      ByteVector bytes = packed;
      bytes[at % bytes.size()] = value;
      if (cut % 4 == 0) bytes.resize(cut % bytes.size());
      static_cast<void>(unpack(packer.codec(), bytes, 1U << 20U));
    }));
  }
}

TEST_CASE("gzip: what zlib says is in the message") {
  const Codec& codec = formats::gzip();
  ByteVector wrong_crc = kxf_test::gzip(plain_bytes(1000));
  wrong_crc[wrong_crc.size() - 8] ^= 1U;  // RFC 1952, 2.3.1: CRC32, then ISIZE, end the member
  const std::string size = std::to_string(wrong_crc.size());
  CHECK(complaint(codec, wrong_crc) == "damaged at byte " + std::to_string(wrong_crc.size() - 4) +
                                           " of " + size + ": incorrect data check");
  ByteVector reserved_block = kxf_test::gzip(plain_bytes(1000));
  reserved_block[10] |= 0x06U;  // RFC 1951, 3.2.3: block type 3 is an error
  CHECK(complaint(codec, reserved_block).find("invalid block type") != std::string::npos);
  CHECK(complaint(codec, bytes_of("not gzip at all")).starts_with("damaged at byte 2 of 15"));
  CHECK_FALSE(codec.recognises(bytes_of("\x1f\x8b\x07 another method")));
  for (const int level : {0, 1, 9})
    CHECK(unpack(codec, kxf_test::gzip(plain_bytes(100'000), level)) == plain_bytes(100'000));
}

TEST_CASE("gzip: a member may be smaller or larger than the one behind it") {
  const Codec& codec = formats::gzip();
  const ByteVector small = kxf_test::gzip({1, 2, 3});
  const ByteVector large = kxf_test::gzip(plain_bytes(50'000));
  const ByteVector ends = {1, 2, 3};
  CHECK(unpack(codec, small + large) == ends + plain_bytes(50'000));
  CHECK(unpack(codec, large + small) == plain_bytes(50'000) + ends);
  CHECK(unpack(codec, large + small + ByteVector(8)) == plain_bytes(50'000) + ends);
  CHECK(complaint(codec, large + small, 50'002).find("more than the limit") != std::string::npos);
  ByteVector longer = large;
  ++longer[longer.size() - 4];  // ISIZE
  CHECK(complaint(codec, longer).ends_with(": incorrect length check"));
}

TEST_CASE("gzip: the checksum of a header is verified") {
  const Codec& codec = formats::gzip();
  ByteVector packed = kxf_test::gzip(plain_bytes(1000));
  packed[3] |= 2U;  // RFC 1952, 2.3.1: FHCRC, and two bytes behind the header
  const auto crc = crc32(0, packed.data(), 10);
  packed.insert(packed.begin() + 10, {static_cast<std::uint8_t>(crc & 0xffU),
                                      static_cast<std::uint8_t>(crc >> 8U & 0xffU)});
  CHECK(unpack(codec, packed) == plain_bytes(1000));
  ++packed[10];
  CHECK(complaint(codec, packed).find("header crc mismatch") != std::string::npos);
}

TEST_CASE("xz: padding between streams is a multiple of four") {
  const Packer& packer = packers()[1];
  const ByteVector one = packer.pack({1, 2, 3});
  const ByteVector both = {1, 2, 3, 1, 2, 3};
  CHECK(unpack(packer.codec(), one + ByteVector(8) + one + ByteVector(3)) == both);
  CHECK(complaint(packer.codec(), one + ByteVector(3) + one)
            .starts_with("the compressed data ends at byte " + std::to_string(one.size())));
}

TEST_CASE("lzma: every part of the header has to be what compressors write") {
  const Codec& codec = formats::lzma();
  const auto header = [](unsigned properties, std::uint32_t dictionary, std::uint64_t size,
                         unsigned first = 0) {
    ByteVector bytes(32, 0x55);
    const std::span<std::uint8_t> out(bytes);
    bytes[0] = static_cast<std::uint8_t>(properties);
    store(out, 1, dictionary, Endian::little);
    store(out, 5, size, Endian::little);
    bytes[13] = static_cast<std::uint8_t>(first);
    return bytes;
  };
  CHECK(codec.recognises(header(0x5d, 1U << 23U, UINT64_MAX)));
  CHECK(codec.recognises(header(0x5d, 3U << 22U, 30'000'000)));
  CHECK(codec.recognises(header(0x00, UINT32_MAX, 0)));
  CHECK_FALSE(codec.recognises(header(0xe1, 1U << 23U, UINT64_MAX)));  // 225
  CHECK_FALSE(codec.recognises(header(0x0d, 1U << 23U, UINT64_MAX)));  // lc 4, lp 1
  CHECK_FALSE(codec.recognises(header(0x5d, 2048, UINT64_MAX)));
  CHECK_FALSE(codec.recognises(header(0x5d, (1U << 23U) + 1, UINT64_MAX)));
  CHECK_FALSE(codec.recognises(header(0x5d, 5U << 20U, UINT64_MAX)));
  CHECK_FALSE(codec.recognises(header(0x5d, 1U << 23U, std::uint64_t{1} << 40U)));
  CHECK_FALSE(codec.recognises(header(0x5d, 1U << 23U, UINT64_MAX, 1)));
  CHECK_FALSE(codec.recognises(ByteView(header(0x5d, 1U << 23U, UINT64_MAX)).first(13)));
}

TEST_CASE("lzma: a dictionary that no kernel needs is refused before memory is taken") {
  ByteVector packed(40);
  packed[0] = 0x5d;
  store<std::uint32_t>(packed, 1, UINT32_MAX, Endian::little);
  store<std::uint64_t>(packed, 5, UINT64_MAX, Endian::little);
  CHECK(complaint(formats::lzma(), packed).starts_with("its dictionary takes 4"));
}

TEST_CASE("zstd: skippable frames are left out, wherever they are behind the first") {
  const ByteVector skippable = {0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3};
  const ByteVector one = kxf_test::zstd({1, 2, 3});
  const ByteVector both = {1, 2, 3, 1, 2, 3};
  const Codec& codec = formats::zstd();
  CHECK(unpack(codec, one + skippable + skippable + one + skippable) == both);
  ByteVector cut = one + skippable;
  cut.pop_back();
  CHECK(complaint(codec, cut).starts_with("truncated"));
  CHECK_FALSE(codec.recognises(skippable + one));
}

TEST_CASE("zstd: a frame that tells of more than the limit is refused before it is unpacked") {
  // A frame header with a content size of 2^40 bytes and no block (RFC 8878, 3.1.1.1).
  const ByteVector packed = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0};
  CHECK(complaint(formats::zstd(), packed) == "unpacks to more than the limit of 64 MiB");
}

TEST_CASE("lz4: legacy frames, frames of today and skippable ones follow each other") {
  const ByteVector plain = plain_bytes(100);
  const ByteVector skippable = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9};
  ByteVector packed;
  ByteVector all;
  for (const Packer& packer : packers()) {
    if (&packer.codec() != &formats::lz4()) continue;
    packed = packed + packer.pack(plain) + skippable;
    all = all + plain;
  }
  CHECK(unpack(formats::lz4(), packed) == all);
  CHECK(unpack(formats::lz4(), packed + packed) == all + all);
}

TEST_CASE("lz4: what no legacy frame has is damaged, with its offset") {
  const auto find = [](const Packer& packer) { return packer.name == "lz4, legacy"; };
  const Packer& legacy = *std::ranges::find_if(packers(), find);
  const ByteVector one = legacy.pack(plain_bytes(100));
  const std::string size = std::to_string(one.size());
  const ByteVector block(one.begin() + 4, one.end());
  CHECK(complaint(legacy.codec(), one + block).find("damaged at byte " + size + " of ") == 0);
  ByteVector huge = one;
  store<std::uint32_t>(huge, 4, 0x00810000, Endian::little);
  CHECK(complaint(legacy.codec(), huge) ==
        "damaged at byte 4 of " + size + ": a block of 8454144 bytes");
  ByteVector broken = one;
  std::fill(broken.begin() + 8, broken.end(), std::uint8_t{0xff});
  CHECK(complaint(legacy.codec(), broken).starts_with("damaged at byte 8 of " + size));
  // At the limit damage is still told from too much.
  CHECK(complaint(legacy.codec(), broken, 10).starts_with("damaged at byte 8 of " + size));
}

}  // namespace codecs_test
