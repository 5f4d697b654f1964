// SPDX-License-Identifier: Apache-2.0
// Core headers: what is read and written again says the same.
#include "crash/core_header.hpp"

#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto header = kxf::read_core_header({data, size});
  if (!header) {
    kxf_fuzz::require(!header.error().remedy.empty(), "a refusal has a remedy");
    return 0;
  }
  const std::size_t entries =
      header->notes.size() + (header->kernel_text ? 1 : 0) + header->loads.size();
  kxf_fuzz::require(entries <= size / 56, "there are no more entries than bytes for them");
  for (const kxf::CoreLoad& load : header->loads)
    kxf_fuzz::require(!load.physical.empty(), "no load is empty");
  const auto written = kxf::write_core_header(*header);
  kxf_fuzz::require(written.has_value(), "what was read can be written");
  const auto again = kxf::read_core_header(*written);
  kxf_fuzz::require(again && *again == *header, "what was written reads the same");
  return 0;
}
