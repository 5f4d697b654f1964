// SPDX-License-Identifier: Apache-2.0
//
// LZ4 by liblz4, both ways to wrap its blocks:
//
//   legacy frame   magic 0x184c2102, then blocks: u32 packed size, the block. Each unpacks to 8 MiB
//                  by itself, the last one to less. Neither an end nor a checksum is marked: a file
//                  cut between two blocks looks whole. It is what the kernel's build makes (lz4
//                  -l).
//   frame          LZ4 Frame Format Description 1.6.2, magic 0x184d2204
//
// Both end up in one file by `cat`, with skippable frames in between.
#include <lz4.h>
#include <lz4frame.h>

#include <algorithm>

#include "formats/formats.hpp"
#include "formats/stream.hpp"

namespace kxf::formats {
namespace {

constexpr std::uint32_t frame_magic = 0x184d2204;
constexpr std::uint32_t legacy_magic = 0x184c2102;
constexpr std::size_t word_bytes = 4;
constexpr std::size_t legacy_block = std::size_t{8} << 20U;
constexpr std::uint64_t largest_frame_block = std::uint64_t{4} << 20U;

bool begins_with(ByteView packed, std::size_t at, std::uint32_t magic) {
  return Bytes(packed).read<std::uint32_t>(at) == magic;
}
bool begins_any(ByteView packed, std::size_t at) {
  return begins_with(packed, at, frame_magic) || begins_with(packed, at, legacy_magic);
}

/// A frame by liblz4.
class FrameDecoder final : public StreamDecoder {
 public:
  ~FrameDecoder() override { LZ4F_freeDecompressionContext(context_); }

  Status start() override {
    if (context_ != nullptr) {
      LZ4F_resetDecompressionContext(context_);
      return {};
    }
    if (!LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) return {};
    return no_memory();
  }

  Result<Step> step(ByteView in, std::span<std::uint8_t> room) override {
    Step step{Step::State::more, in.size(), room.size()};
    LZ4F_decompressOptions_t options{};
    options.stableDst = 1;  // what was written stays where it is: no copy for looking back
    const std::size_t answer = LZ4F_decompress(context_, room.data(), &step.written_bytes,
                                               in.data(), &step.read_bytes, &options);
    if (answer == 0) step.state = Step::State::end;
    if (!LZ4F_isError(answer)) return step;
    return Step{Step::State::damaged, 0, 0, LZ4F_getErrorName(answer)};
  }

  [[nodiscard]] std::uint64_t room_bytes() const override { return largest_frame_block; }

 private:
  LZ4F_dctx* context_ = nullptr;
};

/// What a block of a legacy frame unpacks to; a negative number when it is damaged or does not fit.
int unpack_lz4_block(ByteView block, std::span<std::uint8_t> room) {
  return LZ4_decompress_safe(text_of(block).data(), reinterpret_cast<char*>(room.data()),
                             static_cast<int>(block.size()), static_cast<int>(room.size()));
}

/// One block of a legacy frame at `at`, behind its size; tells how much it unpacked to.
Result<std::size_t> unpack_legacy_block(ByteView packed, std::size_t at, std::size_t size,
                                        OutputBuffer& out) {
  const ByteView block = packed.subspan(at, size);
  std::span<std::uint8_t> room;
  if (out.left_bytes() != 0) {
    KXF_TRY(tail, out.tail(legacy_block));
    room = tail;
  }
  if (const int written = unpack_lz4_block(block, room); written >= 0) {
    out.commit(static_cast<std::size_t>(written));
    return static_cast<std::size_t>(written);
  }
  if (room.size() < legacy_block) {
    // Is it damaged, or does it only not fit below the limit?
    ByteVector elsewhere(legacy_block);
    if (unpack_lz4_block(block, elsewhere) >= 0) return out.over_limit();
  }
  return damaged(packed, at, "invalid block of " + std::to_string(size) + " bytes");
}

/// Is it the size that Linux's build appends, where the size of a block would be?
bool is_appended_size(ByteView packed, std::size_t at, const OutputBuffer& out) {
  return packed.size() - at == word_bytes &&
         begins_with(packed, at, static_cast<std::uint32_t>(out.size_bytes()));
}

/// The legacy frame whose magic is at `at`; the result is where it ends.
Result<std::size_t> unpack_legacy(ByteView packed, std::size_t at, OutputBuffer& out) {
  at += word_bytes;
  for (std::size_t unpacked = legacy_block; at < packed.size();) {
    const auto size = Bytes(packed).read<std::uint32_t>(at);
    const auto rest = packed.subspan(at);
    if (std::ranges::all_of(rest, [](std::uint8_t byte) { return byte == 0; })) return at;
    if (!size) return truncated(packed);
    if (is_appended_size(packed, at, out) || begins_any(packed, at)) return at;
    KXF_TRY(skipped, skip_frames(packed, at));
    if (skipped != at) return at;
    if (unpacked != legacy_block)
      return damaged(packed, at, "a block behind one that unpacked to less than 8 MiB");
    if (*size == 0 || *size > LZ4_COMPRESSBOUND(legacy_block))
      return damaged(packed, at, "a block of " + std::to_string(*size) + " bytes");
    at += word_bytes;
    if (*size > packed.size() - at) return truncated(packed);
    KXF_TRY(written, unpack_legacy_block(packed, at, *size, out));
    unpacked = written;
    at += *size;
  }
  return at;
}

class Lz4 final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "lz4"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "LZ4, legacy frames (of the kernel's build) and frames of today";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    return begins_any(packed, 0);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    FrameDecoder decoder;
    std::size_t at = 0;
    do {
      KXF_TRY(end, begins_with(packed, at, legacy_magic) ? unpack_legacy(packed, at, out)
                                                         : unpack_stream(decoder, packed, at, out));
      KXF_TRY(next, skip_frames(packed, end));
      at = next;
    } while (begins_any(packed, at));
    return check_rest(*this, packed, at, out);
  }
};

}  // namespace

const Codec& lz4() {
  static const Lz4 codec;
  return codec;
}

}  // namespace kxf::formats
