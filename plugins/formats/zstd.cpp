// SPDX-License-Identifier: Apache-2.0
//
// Zstandard (RFC 8878) by libzstd: one frame or several, skippable frames in between.
//
// Each frame is unpacked in one call into one piece of memory. The streaming functions keep a
// window of their own beside the output, up to 128 MiB for what the kernel's build makes. One call
// needs to know how much memory a frame takes, and the build's frames do not tell (they were packed
// from a pipe), but the headers of their blocks do.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>

#include "formats/formats.hpp"
#include "formats/stream.hpp"

namespace kxf::formats {
namespace {

constexpr std::uint32_t zstd_magic = 0xfd2fb528;
constexpr std::size_t magic_bytes = 4;
constexpr std::size_t checksum_bytes = 4;
constexpr std::size_t block_header_bytes = 3;
constexpr std::uint64_t largest_zstd_block = std::uint64_t{128} << 10U;  // section 3.1.1.2.4

using ZstdContext = std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)>;

struct Frame {
  std::size_t end = 0;
  std::uint64_t most_bytes = 0;  ///< that it can unpack to
};

bool begins_frame(ByteView packed, std::size_t at) {
  return Bytes(packed).read<std::uint32_t>(at) == zstd_magic;
}

/// How long the frame header is, from its first byte: section 3.1.1.1.
std::size_t header_size(std::uint8_t descriptor) {
  constexpr std::size_t dictionary_bytes[] = {0, 1, 2, 4};
  const std::size_t size_flag = descriptor >> 6U;
  const bool single_segment = (descriptor & 0x20U) != 0;
  const std::size_t size_bytes = size_flag == 0 ? (single_segment ? 1 : 0) : 1U << size_flag;
  return 1 + (single_segment ? 0 : 1) + dictionary_bytes[descriptor & 3U] + size_bytes;
}

/// Walk over the blocks of a frame by their headers. What is in them is libzstd's business.
Result<Frame> measure_frame(ByteView packed, std::size_t at) {
  const Bytes bytes(packed);
  const auto descriptor = bytes.read<std::uint8_t>(at + magic_bytes);
  if (!descriptor) return truncated(packed);
  Frame frame{at + magic_bytes + header_size(*descriptor), 0};
  for (bool last = false; !last;) {
    const auto low = bytes.read<std::uint16_t>(frame.end);
    const auto high = bytes.read<std::uint8_t>(frame.end + 2);
    if (!low || !high) return truncated(packed);
    const std::uint32_t header = std::uint32_t{*low} | std::uint32_t{*high} << 16U;
    const std::uint32_t size = header >> 3U;
    last = (header & 1U) != 0;
    enum : std::uint8_t { raw, repeated, compressed };  // section 3.1.1.2.2
    switch (header >> 1U & 3U) {
      case raw:
        frame.most_bytes += size;
        frame.end += block_header_bytes + size;
        break;
      case repeated:
        frame.most_bytes += size;
        frame.end += block_header_bytes + 1;
        break;
      case compressed:
        frame.most_bytes += largest_zstd_block;
        frame.end += block_header_bytes + size;
        break;
      default: return damaged(packed, frame.end, "a block of a type that does not exist");
    }
  }
  if ((*descriptor & 4U) != 0) frame.end += checksum_bytes;
  if (frame.end > packed.size()) return truncated(packed);
  return frame;
}

/// Unpack the frame at `at`; the result is where it ends.
Result<std::size_t> unpack_frame(ZSTD_DCtx* context, ByteView packed, std::size_t at,
                                 OutputBuffer& out) {
  KXF_TRY(frame, measure_frame(packed, at));
  const ByteView bytes = packed.subspan(at, frame.end - at);
  const std::uint64_t told = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (told == ZSTD_CONTENTSIZE_ERROR) return damaged(packed, at, "invalid frame header");
  std::uint64_t wanted = frame.most_bytes;
  if (told != ZSTD_CONTENTSIZE_UNKNOWN) {
    if (told > out.left_bytes()) return out.over_limit();
    wanted = std::min(wanted, told);
  }
  std::span<std::uint8_t> room;
  if (out.left_bytes() != 0) {
    KXF_TRY(tail, out.tail(wanted));
    room = tail;
  }
  const std::size_t answer =
      ZSTD_decompressDCtx(context, room.data(), room.size(), bytes.data(), bytes.size());
  if (!ZSTD_isError(answer)) {
    out.commit(answer);
    return frame.end;
  }
  const ZSTD_ErrorCode code = ZSTD_getErrorCode(answer);
  if (code == ZSTD_error_memory_allocation) return no_memory();
  if (code == ZSTD_error_dstSize_tooSmall && room.size() < wanted) return out.over_limit();
  if (code == ZSTD_error_dictionary_wrong)
    return refuse("it was packed with a dictionary, which is not at hand",
                  "pack the file without a dictionary");
  return damaged(packed, at,
                 std::string("in the frame that begins there: ") + ZSTD_getErrorString(code));
}

class Zstd final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "zstd"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "Zstandard (RFC 8878), one or several frames";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    return begins_frame(packed, 0);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    const ZstdContext context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
    if (!context) return no_memory();
    std::size_t at = 0;
    do {
      KXF_TRY(frame_end, unpack_frame(context.get(), packed, at, out));
      KXF_TRY(next, skip_frames(packed, frame_end));
      at = next;
    } while (begins_frame(packed, at));
    return check_rest(*this, packed, at, out);
  }
};

}  // namespace

const Codec& zstd() {
  static const Zstd codec;
  return codec;
}

}  // namespace kxf::formats
