// SPDX-License-Identifier: Apache-2.0
//
// Reads the header of the purgatory that was built from the SDK, and prints its sizes.
#include <cstdio>

#include "arm64/purgatory/params.h"
#include "purgatory/blob.hpp"

extern "C" const std::uint8_t kxf_arm64_purgatory_blob[];
extern "C" const std::size_t kxf_arm64_purgatory_blob_size;

int main() {
  kxf::purgatory::BlobFormat format;
  format.architecture = "arm64";
  format.magic = KXF_BLOB_MAGIC;
  format.header_offset = KXF_BLOB_HEADER_OFFSET;
  format.params_size = sizeof(kxf_params);
  const auto header = kxf::purgatory::read_header(
      format, {kxf_arm64_purgatory_blob, kxf_arm64_purgatory_blob_size});
  if (!header) {
    std::fprintf(stderr, "%s\n", header.error().message.c_str());
    return 1;
  }
  std::printf("purgatory: %zu bytes, %llu in memory\n", kxf_arm64_purgatory_blob_size,
              static_cast<unsigned long long>(header->memory_size));
  return 0;
}
