// SPDX-License-Identifier: Apache-2.0
// The zstd codec, with the walk over the blocks of a frame.
#include "codec.hpp"
#include "formats/formats.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_fuzz::unpack(kxf::formats::zstd(), {data, size});
  return 0;
}
