// SPDX-License-Identifier: Apache-2.0
// The gzip codec: never more than the limit, whatever the stream claims.
#include "formats/gzip.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t limit_bytes = 1U << 20U;
  const kxf::formats::GzipCodec codec;
  const kxf::ByteView packed(data, size);
  if (!codec.recognises(packed)) return 0;
  kxf::OutputBuffer out(limit_bytes);
  const kxf::Status done = codec.unpack(packed, out);
  kxf_fuzz::require(out.size_bytes() <= limit_bytes, "the output keeps to the limit");
  if (done) {
    const kxf::Blob blob = out.take();
    kxf_fuzz::require(blob.size_bytes() <= limit_bytes, "the blob keeps to the limit");
  }
  return 0;
}
