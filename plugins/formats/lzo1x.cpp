// SPDX-License-Identifier: Apache-2.0
//
// LZO1X, as Linux's Documentation/staging/lzo.rst describes the stream. liblzo2 is under the GPL,
// which a plugin under the Apache licence cannot be linked with and passed on; the format is small.
//
// A stream is a series of instructions. Each copies a match (`length` bytes from `distance` bytes
// back in the output) and then up to three literals, or it copies a run of literals. What the
// opcodes below 16 mean depends on the literals before: that is the state.
//
//   0000 LLLL             state 0: a run of literals
//   0000 DDSS, D          state 1 to 3: 2 bytes from up to 1 KiB back
//                         state 4: 3 bytes from 2 to 3 KiB back
//   0001 DLLL, DDDDDDDDDDDDDDSS (LE)   from 16 to 48 KiB back; 16 KiB exactly: the end
//   001L LLLL, DDDDDDDDDDDDDDSS (LE)   from up to 16 KiB back
//   01LD DDSS, D          3 or 4 bytes from up to 2 KiB back
//   1LLD DDSS, D          5 to 8 bytes from up to 2 KiB back
//
// SS is the number of literals behind the match. A length of 0 in its bits goes on in the next
// bytes: 255 for each zero byte, and the byte that is not zero.
#include "formats/lzo1x.hpp"

#include <cstring>

namespace kxf::formats {
namespace {

constexpr unsigned after_run = 4;  ///< the state behind a run of literals
constexpr std::size_t end_distance = 16384;

class Stream {
 public:
  Stream(ByteView packed, std::span<std::uint8_t> room) : packed_(packed), room_(room) {}

  tl::expected<std::size_t, LzoFault> unpack() {
    bool going_on = first();
    while (going_on) going_on = instruction();
    if (fault_ != nullptr) return tl::unexpected(LzoFault{at_, fault_});
    if (at_ != packed_.size())
      return tl::unexpected(LzoFault{at_, "the block goes on behind its end"});
    return written_;
  }

 private:
  // All of these are false when the stream cannot go on: it has ended, or fault_ says why.

  bool fail(const char* reason) {
    fault_ = reason;
    return false;
  }

  bool next(unsigned& byte) {
    if (at_ == packed_.size()) return fail("the block ends within an instruction");
    byte = packed_[at_++];
    return true;
  }

  /// `base` when the bits of the opcode are 0 is what more bytes add to.
  bool length(unsigned bits, std::size_t base, std::size_t& value) {
    value = bits;
    if (bits != 0) return true;
    value = base;
    unsigned byte = 0;
    while (next(byte) && byte == 0) value += 255;
    value += byte;
    return fault_ == nullptr;
  }

  bool literals(std::size_t count) {
    if (count > packed_.size() - at_) return fail("the block ends within literals");
    if (count > room_.size() - written_) return fail("the block unpacks to more than it says");
    std::memcpy(room_.data() + written_, packed_.data() + at_, count);
    at_ += count;
    written_ += count;
    return true;
  }

  /// A match, and the literals behind it.
  bool match(std::size_t distance, std::size_t count, unsigned literals_behind) {
    if (distance > written_) return fail("a match from before the start of the block");
    if (count > room_.size() - written_) return fail("the block unpacks to more than it says");
    std::uint8_t* const to = room_.data() + written_;
    const std::uint8_t* const from = to - distance;
    if (distance >= count) {
      std::memcpy(to, from, count);
    } else {
      // It overlaps what it writes: that is how a short pattern is repeated.
      for (std::size_t i = 0; i < count; ++i) to[i] = from[i];
    }
    written_ += count;
    state_ = literals_behind;
    return literals(literals_behind);
  }

  /// The first byte may begin with literals: there is nothing yet to match.
  bool first() {
    constexpr unsigned first_literals = 17;
    constexpr std::size_t shortest_versioned = 5;
    if (packed_.empty()) return fail("the block is empty");
    const unsigned byte = packed_[0];
    if (byte == first_literals && packed_.size() >= shortest_versioned)
      return fail("a version of the stream that lzop does not write");
    if (byte <= first_literals) return true;
    ++at_;
    const unsigned count = byte - first_literals;
    state_ = count < after_run ? count : after_run;
    return literals(count);
  }

  bool instruction() {
    unsigned opcode = 0;
    if (!next(opcode)) return false;
    if (opcode >= 64) return near_match(opcode);
    if (opcode >= 16) return far_match(opcode);
    if (state_ == 0) {
      std::size_t count = 0;
      state_ = after_run;
      return length(opcode, 15, count) && literals(count + 3);
    }
    unsigned high = 0;
    if (!next(high)) return false;
    const std::size_t distance = (high << 2U) + (opcode >> 2U) + 1;
    if (state_ == after_run) return match(distance + 2048, 3, opcode & 3U);
    return match(distance, 2, opcode & 3U);
  }

  bool near_match(unsigned opcode) {
    unsigned high = 0;
    if (!next(high)) return false;
    const std::size_t distance = (high << 3U) + (opcode >> 2U & 7U) + 1;
    const std::size_t count = opcode >= 128 ? 5 + (opcode >> 5U & 3U) : 3 + (opcode >> 5U & 1U);
    return match(distance, count, opcode & 3U);
  }

  bool far_match(unsigned opcode) {
    const bool farther = opcode < 32;
    std::size_t count = 0;
    unsigned low = 0;
    unsigned high = 0;
    if (!length(opcode & (farther ? 7U : 31U), farther ? 7 : 31, count)) return false;
    if (!next(low) || !next(high)) return false;
    const std::size_t bits = (high << 8U | low) >> 2U;
    if (!farther) return match(bits + 1, count + 2, low & 3U);
    const std::size_t distance = end_distance + ((opcode & 8U) << 11U) + bits;
    if (distance != end_distance) return match(distance, count + 2, low & 3U);
    // The one way to write the end: 0x11 0x00 0x00.
    return count == 1 ? false : fail("an invalid end of the block");
  }

  ByteView packed_;
  std::span<std::uint8_t> room_;
  std::size_t at_ = 0;
  std::size_t written_ = 0;
  unsigned state_ = 0;  ///< literals before this instruction, 4 for a run
  const char* fault_ = nullptr;
};

}  // namespace

tl::expected<std::size_t, LzoFault> unpack_lzo1x(ByteView packed, std::span<std::uint8_t> room) {
  return Stream(packed, room).unpack();
}

}  // namespace kxf::formats
