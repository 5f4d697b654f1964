// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The plugin that is part of kxf itself: what is the same on every architecture.

#include "kxf/plugin.hpp"
#include "plugin/metadata.hpp"

namespace kxf {

inline constexpr std::string_view builtin_plugin_name = "core";

/// It has no path.
[[nodiscard]] PluginMetadata builtin_metadata();

/// The memory sources `dt` and `iomem`.
[[nodiscard]] bool register_builtin(Registrar& registrar) noexcept;

}  // namespace kxf
