// SPDX-License-Identifier: Apache-2.0
// What an initrd unpacks to, without unpacking it.
#include "crash/initrd_files.hpp"

#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const kxf::InitrdFiles files = kxf::initrd_files({data, size}, 65536);
  if (size == 0) kxf_fuzz::require(files == kxf::InitrdFiles{}, "nothing unpacks to nothing");
  if (files.evidence == kxf::SizeEvidence::counted)
    kxf_fuzz::require(files.bytes % 65536 == 0, "files take whole pages");
  return 0;
}
