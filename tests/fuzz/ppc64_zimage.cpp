// SPDX-License-Identifier: Apache-2.0
// The boot wrapper for Power: what is taken out of it lies in it.
#include "contents.hpp"
#include "ppc64/ppc64.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kxf::ImageFormat& format = kxf::ppc64::zimage();
  const kxf::ByteView image(data, size);
  if (format.probe(image).verdict == kxf::ProbeVerdict::mine)
    kxf_fuzz::require(kxf::ppc64::elf_image().probe(image).verdict == kxf::ProbeVerdict::not_mine,
                      "a wrapper is not taken for a kernel");
  kxf_fuzz::unwrap(format, image);
  return 0;
}
