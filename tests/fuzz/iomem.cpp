// SPDX-License-Identifier: Apache-2.0
// /proc/iomem, and the memory map that is made of it.
#include "map_machine.hpp"
#include "memory/discovery.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kxf_test::MapMachine machine;
  machine.files["/proc/iomem"] = std::string(kxf::text_of({data, size}));
  const kxf::MemorySource* const sources[] = {&kxf::iomem_memory_source()};
  kxf::Record record;
  const auto memory = discover_memory(machine, sources, {}, record);
  if (!memory) return 0;
  for (const kxf::Range& range : memory->usable()) {
    kxf_fuzz::require(!range.empty(), "no usable range is empty");
    kxf_fuzz::require(memory->ram().contains(range), "what is usable is RAM");
    kxf_fuzz::require(memory->blockers(range).empty(), "nothing blocks what is usable");
  }
  return 0;
}
