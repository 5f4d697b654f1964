// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What codecs share: the loop around a library's decoder, what may follow the data, and messages
/// that say where.

#include <kxf/codec.hpp>
#include <string>

namespace kxf::formats {

/// What one call of a decoder did.
struct Step {
  enum class State : std::uint8_t { more, end, damaged };
  State state = State::more;
  std::size_t read_bytes = 0;
  std::size_t written_bytes = 0;
  std::string reason = {};  ///< for `damaged`
};

/// A library's decoder for one compressed stream after the other.
class StreamDecoder {
 public:
  virtual ~StreamDecoder() = default;
  StreamDecoder() = default;
  StreamDecoder(const StreamDecoder&) = delete;
  StreamDecoder& operator=(const StreamDecoder&) = delete;

  /// Be ready for the first byte of a stream.
  virtual Status start() = 0;
  /// Decode as much of `in` as fits `room`, which is not empty. Reading and writing nothing means
  /// that the stream goes on behind `in`.
  /// Errors: no memory, a feature that the library does not have. Damage is no error here: the
  /// caller knows where it is.
  virtual Result<Step> step(ByteView in, std::span<std::uint8_t> room) = 0;
  /// How much room lets the decoder work without copying; 0 when that makes no difference.
  [[nodiscard]] virtual std::uint64_t room_bytes() const { return 0; }
};

/// Unpack the stream that begins at `at`; the result is where it ends.
[[nodiscard]] Result<std::size_t> unpack_stream(StreamDecoder& decoder, ByteView packed,
                                                std::size_t at, OutputBuffer& out);

/// Unpack all streams of a file: those that `codec` recognises right behind each other, or behind
/// zeros that make a multiple of `padding_bytes` (0: nothing may be in between).
[[nodiscard]] Status unpack_streams(const Codec& codec, StreamDecoder& decoder, ByteView packed,
                                    OutputBuffer& out, std::size_t padding_bytes = 0);

/// Is there nothing behind the compressed data, which ends at `end`, but zeros or the size that
/// Linux's build appends (scripts/Makefile.lib, size_append)?
[[nodiscard]] Status check_rest(const Codec& codec, ByteView packed, std::size_t end,
                                const OutputBuffer& out);

/// Where the skippable frames end that begin at `at`; `at` when there are none. The frame formats
/// of Zstandard (RFC 8878, section 3.1.2) and LZ4 share them: 4 bytes of magic, 4 of size, the
/// contents. Errors: one ends behind the file.
[[nodiscard]] Result<std::size_t> skip_frames(ByteView packed, std::size_t at);

[[nodiscard]] tl::unexpected<Error> truncated(ByteView packed);
[[nodiscard]] tl::unexpected<Error> damaged(ByteView packed, std::size_t at,
                                            const std::string& reason);
[[nodiscard]] tl::unexpected<Error> no_memory();

}  // namespace kxf::formats
