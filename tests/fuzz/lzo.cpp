// SPDX-License-Identifier: Apache-2.0
// The lzo codec: lzop's files and LZO1X are read by code of ours.
#include "codec.hpp"
#include "formats/formats.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_fuzz::unpack(kxf::formats::lzo(), {data, size});
  return 0;
}
