// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lzma.h>

#include "formats/stream.hpp"

namespace kxf::formats {

/// The decoders of liblzma, which differ in how they begin.
class LiblzmaDecoder : public StreamDecoder {
 public:
  ~LiblzmaDecoder() override;

  Status start() final;
  Result<Step> step(ByteView in, std::span<std::uint8_t> room) final;

 protected:
  /// Far more than any compressor's preset takes; a forged header asks for 4 GiB.
  static constexpr std::uint64_t memory_limit_bytes = std::uint64_t{1} << 30U;

  [[nodiscard]] virtual lzma_ret initialise(lzma_stream* stream) const = 0;

 private:
  lzma_stream stream_ = LZMA_STREAM_INIT;
};

}  // namespace kxf::formats
