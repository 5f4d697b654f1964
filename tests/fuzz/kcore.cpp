// SPDX-License-Identifier: Apache-2.0
// /proc/kcore: its segments and VMCOREINFO.
#include "kxf/crash.hpp"
#include "map_machine.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_test::MapMachine machine;
  machine.files["/proc/kcore"] = std::string(kxf::text_of({data, size}));
  if (const auto segments = kxf::kcore_segments(machine)) {
    kxf_fuzz::require(segments->size() <= size / 56, "there are no more segments than headers");
    for (const kxf::KcoreSegment& segment : *segments)
      kxf_fuzz::require(!segment.physical.empty(), "no segment is empty");
  }
  const auto info = kxf::vmcoreinfo(machine);
  if (!info) {
    kxf_fuzz::require(!info.error().remedy.empty(), "a refusal has a remedy");
    return 0;
  }
  kxf_fuzz::require(info->find('\0') == std::string::npos, "VMCOREINFO is text");
  for (const char* name : {"OSRELEASE", "NUMBER(VA_BITS)", ""})
    if (const auto value = kxf::vmcoreinfo_value(*info, name))
      kxf_fuzz::require(value->find('\n') == std::string_view::npos, "a value is of one line");
  return 0;
}
