// SPDX-License-Identifier: Apache-2.0
// The lz4 codec, both kinds of frames.
#include "codec.hpp"
#include "formats/formats.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_fuzz::unpack(kxf::formats::lz4(), {data, size});
  return 0;
}
