// SPDX-License-Identifier: Apache-2.0
#pragma once

/// `kxf plugin new`: a plugin's folder from a template.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/result.hpp"
#include "plugin/candidates.hpp"

namespace kxf {

/// The word that stands for the plugin's name in the templates, in texts and in paths, and for
/// nothing else. It is a name itself, so that a template builds as it is.
inline constexpr std::string_view template_placeholder = "template-name";

/// The kinds that there are templates for, sorted.
[[nodiscard]] std::vector<std::string_view> template_kinds();

/// Errors: no template for `kind` (those that there are get listed).
[[nodiscard]] Status check_template_kind(std::string_view kind);

/// Can a plugin, and what it registers, have this name? `existing` are the plugins of the search
/// path.
/// Errors: malformed, reserved, taken (by which plugin).
[[nodiscard]] Status check_new_name(std::string_view name,
                                    const std::vector<PluginCandidate>& existing);

/// Write the template's files, with `name` for the placeholder, to `folder`. It appears whole, or
/// nothing is left of it.
/// Errors: `folder` is there and not an empty directory; the directory above it is not there or
/// not writable; no space. `kind` and `name` have been checked.
[[nodiscard]] Status write_new_plugin(std::string_view kind, std::string_view name,
                                      const std::filesystem::path& folder);

}  // namespace kxf
