// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Does a loaded plugin's descriptor fit this kxf and what its note said?

#include <string>
#include <vector>

#include "elf/dynamic.hpp"
#include "kxf/plugin.hpp"
#include "plugin/metadata.hpp"

namespace kxf {

/// One message per field that does not fit; empty when all do. When struct_size differs nothing
/// behind it is read: the layout is another one then.
[[nodiscard]] std::vector<std::string> descriptor_mismatches(
    const kxf_plugin_descriptor& descriptor, const PluginMetadata& metadata);

/// What it exports beside its descriptor, printable: a plugin shows that to the world and nothing
/// else, for a second name could be taken for another library's.
[[nodiscard]] std::vector<std::string> other_exports(const ElfDynamic& dynamic);

}  // namespace kxf
