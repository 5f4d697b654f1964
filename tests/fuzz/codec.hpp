// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What every codec must keep to: never more than the limit, whatever the stream claims.

#include "kxf/codec.hpp"
#include "require.hpp"

namespace kxf_fuzz {

inline void unpack(const kxf::Codec& codec, kxf::ByteView packed) {
  constexpr std::uint64_t limit_bytes = 1U << 20U;
  if (!codec.recognises(packed)) return;
  kxf::OutputBuffer out(limit_bytes);
  const kxf::Status done = codec.unpack(packed, out);
  require(out.size_bytes() <= limit_bytes, "the output keeps to the limit");
  if (!done) {
    require(!done.error().message.empty() && !done.error().remedy.empty(),
            "a refusal has a message and a remedy");
    require(done.error().fault == kxf::Fault::refused, "it is the file's fault");
    return;
  }
  const std::uint64_t size = out.size_bytes();
  require(out.take().size_bytes() == size, "the blob is what was put out");
}

}  // namespace kxf_fuzz
