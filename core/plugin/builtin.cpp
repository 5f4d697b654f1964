// SPDX-License-Identifier: Apache-2.0
#include "plugin/builtin.hpp"

#include <fmt/format.h>

#include "elf/object.hpp"
#include "memory/discovery.hpp"

namespace kxf {

PluginMetadata builtin_metadata() {
  return {.path = {},
          .name = std::string(builtin_plugin_name),
          .version = KXF_VERSION,
          .vendor = "kxf",
          .summary = "memory sources that every architecture shares",
          .abi = fmt::format("{}.{}", KXF_ABI_MAJOR, KXF_ABI_MINOR),
          .compiler_abi = std::to_string(__GXX_ABI_VERSION),
          .cxx11_strings = std::to_string(_GLIBCXX_USE_CXX11_ABI),
          .elf_machine = own_elf_machine(),
          .provides = {"memory-source:dt", "memory-source:iomem"}};
}

bool register_builtin(Registrar& registrar) noexcept {
  const bool tree = registrar.add(device_tree_memory_source());
  return registrar.add(iomem_memory_source()) && tree;
}

}  // namespace kxf
