// SPDX-License-Identifier: Apache-2.0
// The bzip2 codec.
#include "codec.hpp"
#include "formats/formats.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_fuzz::unpack(kxf::formats::bzip2(), {data, size});
  return 0;
}
