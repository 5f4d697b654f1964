// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Brings a checked plugin file into the process.

#include <filesystem>

#include "kxf/plugin.hpp"
#include "plugin/trust.hpp"

namespace kxf {

/// What KXF_PLUGIN() calls the descriptor.
inline constexpr const char* descriptor_symbol = "kxf_plugin_v1";

/// Loads what `file` has open, not what stands at `path` by now; `path` is for messages. The
/// library stays for the rest of the process, and with it the descriptor: its objects are in use
/// everywhere, and a half-unloaded plugin is worse than a loaded one.
/// Errors: what the dynamic linker says (an undefined symbol, a missing library), no descriptor.
[[nodiscard]] Result<const kxf_plugin_descriptor*> load_plugin_library(
    OpenFile file, const std::filesystem::path& path);

}  // namespace kxf
