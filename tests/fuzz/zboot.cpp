// SPDX-License-Identifier: Apache-2.0
// The EFI zboot format: what is taken out of it lies in it.
#include "contents.hpp"
#include "formats/formats.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_fuzz::unwrap(kxf::formats::zboot(), {data, size});
  return 0;
}
