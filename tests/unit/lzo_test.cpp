// SPDX-License-Identifier: Apache-2.0
//
// LZO1X and lzop's files beside what codecs_test.cpp holds all codecs to. The packer of the tests
// is ours, so files that lzop 1.04 made are here, too.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "formats/formats.hpp"
#include "formats/lzo1x.hpp"
#include "from_hex.hpp"
#include "packers.hpp"

namespace lzo_test {
namespace {

using namespace kxf;
using kxf_test::from_hex;

/// `lzop -1`: LZO1X-1(15), Adler-32.
constexpr std::string_view fast =
    "894c5a4f000d0a1a0a104020a0094002010300000d000000006b00899e00000000002a5d02ff00000924000000"
    "f14a8f66b600036c696e652030206f66207468652073616d706c650a9102313251003232510033325100343251"
    "00353251003632510037325100383251003932510031344803334d0331335103313355033133590331335d0331"
    "336103313365033133690331336d0332336d0332336d0332336d0332336d0332336c0333b00134ac0132200633"
    "a40133a001330c0533080533040533000533fc042000256c08001620272e353c434a51585f666d7421282f363d"
    "444b525960676e75222930373e454c535a61686f7623a889341009331409208a350e2d20000000b6000000012d"
    "2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d2d11000000000000";

/// `lzop -9 --crc32`: LZO1X-999, CRC-32, also of the header.
constexpr std::string_view best =
    "894c5a4f000d0a1a0a104020a0100103090300110c000000006b00899e00000000004767f24b00000924000000"
    "b368d95a88266c696e652030206f66207468652073616d706c650a910231325100323251003332510034325100"
    "353251003632510037325100383251003933f002344803334d0331335103313355033133590331335d03313361"
    "03313365033133690331336d0332336d033234bc06336d0332336d0332336c032000f76c08001620272e353c43"
    "4a51585f666d7421282f363d444b525960676e75222930373e454c535a61686f762320bbc5052d20000000c900"
    "0011000000000000";

/// What is in both.
std::string sample() {
  std::string text;
  const auto lines = [&text](int first, int end) {
    for (int i = first; i < end; ++i) text += "line " + std::to_string(i) + " of the sample\n";
  };
  lines(0, 25);
  lines(0, 25);
  for (int i = 0; i < 40; ++i) text += static_cast<char>(32 + i * 7 % 90);
  lines(10, 20);
  return text + std::string(1000, '-');
}

std::string unpack(ByteView packed) {
  OutputBuffer out(1U << 20U);
  if (const auto done = formats::lzo().unpack(packed, out); !done) return done.error().message;
  return std::string(text_of(out.take().view()));
}

/// The fault of a stream, with its offset; what it unpacks to when there is none.
std::string stream(const ByteVector& packed, std::size_t room_bytes = 100) {
  ByteVector room(room_bytes);
  const auto written = formats::unpack_lzo1x(packed, room);
  if (!written)
    return std::to_string(written.error().at) + ": " + std::string(written.error().reason);
  return std::string(text_of(room).substr(0, *written));
}

ByteVector bytes(std::initializer_list<unsigned> head, std::string_view text = "",
                 std::initializer_list<unsigned> tail = {0x11, 0, 0}) {
  ByteVector all;
  const auto add = [&all](unsigned byte) { all.push_back(static_cast<std::uint8_t>(byte)); };
  std::ranges::for_each(head, add);
  all.insert(all.end(), text.begin(), text.end());
  std::ranges::for_each(tail, add);
  return all;
}

}  // namespace

TEST_CASE("lzo: what lzop packed comes back") {
  CHECK(unpack(from_hex(fast)) == sample());
  CHECK(unpack(from_hex(best)) == sample());
  ByteVector both = from_hex(fast);
  const ByteVector second = from_hex(best);
  both.insert(both.end(), second.begin(), second.end());
  CHECK(unpack(both) == sample() + sample());
}

TEST_CASE("lzo: no flipped bit of lzop's own files gives other bytes") {
  const ByteVector packed = from_hex(best);
  for (std::size_t bit = 0; bit < packed.size() * 8; ++bit) {
    CAPTURE(bit);
    ByteVector flipped = packed;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    const std::string text = unpack(flipped);
    if (text != sample()) CHECK(text.size() < 120);  // a message, no other sample
  }
}

TEST_CASE("lzo: every instruction of a stream means what the description says") {
  CHECK(stream(bytes({})).empty());
  CHECK(stream(bytes({17 + 1}, "a")) == "a");
  CHECK(stream(bytes({17 + 4}, "abcd")) == "abcd");
  CHECK(stream(bytes({1}, "abcd")) == "abcd");  // a run in state 0: 3 + 1
  CHECK(stream(bytes({0, 1}, "0123456789abcdefghi")) == "0123456789abcdefghi");  // 3 + 15 + 1
  const std::string longer(3 + 15 + 255 + 2, 'x');
  CHECK(stream(bytes({0, 0, 2}, longer), 300) == longer);
  // Behind one literal: 2 bytes from 1 back, then a literal.
  CHECK(stream(bytes({17 + 1, 'a', 0x01, 0x00}, "b")) == "aaab");
  // Near: 01 L DDD SS, 3 bytes from 2 back; 1 LL DDD SS, 8 bytes from 2 back.
  CHECK(stream(bytes({17 + 2, 'a', 'b', 0x44, 0x00})) == "ababa");
  CHECK(stream(bytes({17 + 2, 'a', 'b', 0xe6, 0x00}, "cd")) ==
        "ababababab"
        "cd");
  // 001 LLLLL: 2 + 3 bytes from 2 back; 2 + 31 + 5 from 1 back.
  CHECK(stream(bytes({17 + 2, 'a', 'b', 0x23, 0x04, 0x00})) == "abababa");
  CHECK(stream(bytes({17 + 1, 'a', 0x20, 0x05, 0x00, 0x00})) == std::string(39, 'a'));
  // Behind a run: 3 bytes from 2049 back. 0001 H LLL: 2 + 1 bytes from 16385 back.
  ByteVector far = bytes({17 + 4}, "abcd", {0x20});
  const auto repeat = [&far](std::size_t count) {  // 2 + 31 + 255 n + 1 bytes of "d"
    far.insert(far.end(), count, 0);
    far.insert(far.end(), {1, 0x00, 0x00});
  };
  repeat(8);                                          // 2074 bytes
  far.insert(far.end(), {0x01, 'a', 'b', 'c', 'd'});  // a run in state 0
  far.insert(far.end(), {0x00, 0x00, 0x11, 0, 0});    // 2049 back
  CHECK(stream(far, 4000) == "abcd" + std::string(2074, 'd') + "abcd" + "ddd");
  far = bytes({17 + 4}, "abcd", {0x20});
  repeat(64);                                                       // 16354 bytes
  far.insert(far.end(), {0x20, 0, 0x01, 0x00, 0x00});               // 289 more
  far.insert(far.end(), {0x11, 0x06, 0x04, 'y', 'z', 0x11, 0, 0});  // 16384 + 257 back
  CHECK(stream(far, 20000) == "abcd" + std::string(16354 + 289, 'd') + "ddd" + "yz");
}

TEST_CASE("lzo: a stream that is wrong is refused with the offset") {
  CHECK(stream({}) == "0: the block is empty");
  CHECK(stream(bytes({17 + 4}, "abc", {})) == "1: the block ends within literals");
  CHECK(stream(bytes({17 + 4}, "abcd", {})) == "5: the block ends within an instruction");
  CHECK(stream(bytes({17 + 4}, "abcd", {0x11, 0})) == "7: the block ends within an instruction");
  CHECK(stream(bytes({17 + 4}, "abcd", {0x20, 0, 0, 0})) ==
        "9: the block ends within an instruction");
  CHECK(stream(bytes({17 + 4}, "abcd", {0x12, 0, 0})) == "8: an invalid end of the block");
  CHECK(stream(bytes({17 + 4}, "abcd", {0x11, 0, 0, 7})) == "8: the block goes on behind its end");
  CHECK(stream(bytes({17 + 4}, "abcd", {0x50, 0, 0x11, 0, 0})) ==
        "7: a match from before the start of the block");
  CHECK(stream(bytes({16, 0, 0})) == "6: an invalid end of the block");
  CHECK(stream(bytes({0x11, 1, 0, 0, 0})) == "0: a version of the stream that lzop does not write");
  CHECK(stream(bytes({17 + 4}, "abcd"), 3) == "1: the block unpacks to more than it says");
  CHECK(stream(bytes({17 + 2, 'a', 'b', 0x44, 0x00}), 4) ==
        "5: the block unpacks to more than it says");
}

TEST_CASE("lzo: any text comes back from any choice of instructions") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& pieces, std::uint32_t seed) {
    // Pieces repeat from near and far.
    ByteVector plain;
    for (const std::uint8_t piece : pieces) {
      const std::size_t size = piece % 7 == 0 ? 9000 : piece % 31;
      for (std::size_t i = 0; i < size; ++i)
        plain.push_back(static_cast<std::uint8_t>(piece % 5 * 17 + i % (3 + piece % 11)));
    }
    const ByteVector packed = kxf_test::lzo1x(plain, seed);
    ByteVector room(plain.size());
    const auto written = formats::unpack_lzo1x(packed, room);
    RC_ASSERT(written.has_value());
    RC_ASSERT(*written == plain.size());
    RC_ASSERT(room == plain);
  }));
}

TEST_CASE("lzo: any stream is unpacked or refused, and nothing behind the room is written") {
  CHECK(rc::check([](const ByteVector& packed, std::uint8_t room_bytes) {
    ByteVector room(std::size_t{room_bytes} + 16, 0xa5);
    const auto written =
        formats::unpack_lzo1x(packed, std::span<std::uint8_t>(room).first(room_bytes));
    if (written) RC_ASSERT(*written <= room_bytes);
    RC_ASSERT(std::all_of(room.end() - 16, room.end(), [](auto byte) { return byte == 0xa5; }));
  }));
}

TEST_CASE("lzo: files of lzop that are not for kernels are named as such") {
  const ByteVector packed = kxf_test::lzop(kxf_test::plain_bytes(100));
  // Behind the magic: versions at 9, 11 and 13, method 15, flags 17, block sizes at 38.
  const auto changed = [&packed](std::size_t at, std::uint8_t value) {
    ByteVector file = packed;
    file[at] = value;
    // The sum over the header has to fit, or that is what is refused.
    std::uint32_t low = 1;
    std::uint32_t high = 0;
    for (std::size_t i = 9; i < 34; ++i) {
      low = (low + file[i]) % 65521;
      high = (high + low) % 65521;
    }
    store(std::span<std::uint8_t>(file), 34, high << 16U | low, Endian::big);
    return unpack(file);
  };
  CHECK(changed(16, 9).size() == 100);
  CHECK(changed(13, 0x20) == "it is of lzop's version 2.4, which is not known");
  CHECK(changed(15, 128).starts_with("it is packed with a method or filter"));
  ByteVector split = packed;
  std::fill_n(split.begin() + 38, 4, std::uint8_t{0xff});
  CHECK(unpack(split) == "it is one part of a file that lzop has split");
  ByteVector sum = packed;
  sum[16] ^= 1U;
  CHECK(unpack(sum).find("damaged at byte 34 of ") == 0);
  ByteVector large = packed;
  large[38] = 0x05;
  CHECK(unpack(large).find("that unpacks to 83886180") != std::string::npos);
}

}  // namespace lzo_test
