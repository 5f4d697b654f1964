// SPDX-License-Identifier: Apache-2.0
#include "formats/stream.hpp"

#include <algorithm>

namespace kxf::formats {
namespace {

constexpr std::string_view copy_file_again = "copy the file again";

std::string of_bytes(std::size_t at, ByteView packed) {
  return std::to_string(at) + " of " + std::to_string(packed.size());
}

}  // namespace

tl::unexpected<Error> truncated(ByteView packed) {
  return refuse("truncated, the data ends at byte " + of_bytes(packed.size(), packed),
                std::string(copy_file_again));
}

tl::unexpected<Error> damaged(ByteView packed, std::size_t at, const std::string& reason) {
  return refuse("damaged at byte " + of_bytes(at, packed) + ": " + reason,
                std::string(copy_file_again));
}

tl::unexpected<Error> no_memory() { return refuse("not enough memory to unpack", "free memory"); }

Result<std::size_t> unpack_stream(StreamDecoder& decoder, ByteView packed, std::size_t at,
                                  OutputBuffer& out) {
  KXF_CHECK(decoder.start());
  for (;;) {
    // At the limit there may be nothing left to come but a checksum: one more byte of output is
    // what makes it too much.
    std::uint8_t one_too_many = 0;
    std::span<std::uint8_t> room(&one_too_many, 1);
    const bool full = out.left_bytes() == 0;
    if (!full) {
      const std::uint64_t wanted = decoder.room_bytes();
      KXF_TRY(tail, wanted == 0 ? out.tail() : out.tail(wanted));
      room = tail;
    }
    KXF_TRY(step, decoder.step(packed.subspan(at), room));
    at += step.read_bytes;
    if (full && step.written_bytes != 0) return out.over_limit();
    out.commit(step.written_bytes);
    if (step.state == Step::State::end) return at;
    if (step.state == Step::State::damaged) return damaged(packed, at, step.reason);
    if (step.read_bytes == 0 && step.written_bytes == 0) return truncated(packed);
  }
}

Status unpack_streams(const Codec& codec, StreamDecoder& decoder, ByteView packed,
                      OutputBuffer& out, std::size_t padding_bytes) {
  std::size_t end = 0;
  std::size_t next = 0;
  do {
    KXF_TRY(stream_end, unpack_stream(decoder, packed, next, out));
    end = next = stream_end;
    if (padding_bytes == 0) continue;
    while (next < packed.size() && packed[next] == 0) ++next;
    next -= (next - end) % padding_bytes;
  } while (codec.recognises(packed.subspan(next)));
  return check_rest(codec, packed, end, out);
}

Status check_rest(const Codec& codec, ByteView packed, std::size_t end, const OutputBuffer& out) {
  const ByteView rest = packed.subspan(end);
  const auto stray = std::ranges::find_if(rest, [](std::uint8_t byte) { return byte != 0; });
  if (stray == rest.end()) return {};
  if (rest.size() == sizeof(std::uint32_t) &&
      Bytes(rest).read<std::uint32_t>(0) == static_cast<std::uint32_t>(out.size_bytes()))
    return {};
  const std::size_t offset = end + static_cast<std::size_t>(stray - rest.begin());
  return refuse("the compressed data ends at byte " + std::to_string(end) +
                    " and something that is not " + std::string(codec.name()) +
                    " follows at byte " + std::to_string(offset),
                "remove what was appended to the file");
}

Result<std::size_t> skip_frames(ByteView packed, std::size_t at) {
  constexpr std::uint32_t magic = 0x184d2a50;
  constexpr std::uint32_t magic_mask = 0xfffffff0;
  constexpr std::size_t header_bytes = 8;
  const Bytes bytes(packed);
  for (;;) {
    const auto found = bytes.read<std::uint32_t>(at);
    if (!found || (*found & magic_mask) != magic) return at;
    const auto size = bytes.read<std::uint32_t>(at + 4);
    if (!size || *size > packed.size() - at - header_bytes) return truncated(packed);
    at += header_bytes + *size;
  }
}

}  // namespace kxf::formats
