// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the search path holds, before any of it is loaded: `kxf plugin list` prints it, the
/// registry loads it.

#include <filesystem>
#include <string>
#include <vector>

#include "plugin/metadata.hpp"
#include "plugin/trust.hpp"

namespace kxf {

struct PluginCandidate {
  std::filesystem::path path;
  OpenFile file;                      ///< not open when it could not be opened
  PluginMetadata metadata;            ///< its name is empty when it could not be read
  std::vector<std::string> problems;  ///< why it must not be loaded, one per field
  std::string remedy;                 ///< for the problems
  std::string shadowed_by;            ///< path of the plugin of this name that comes earlier

  /// "plugin PATH: PROBLEM; PROBLEM" with the remedy. There must be problems.
  [[nodiscard]] Error error() const;
};

/// All plugin files, by directory in the given order, then by file name. Unfit ones are in it.
/// Errors: a directory that is relative, untrusted, or not there (the compiled-in one may be
/// absent).
[[nodiscard]] Result<std::vector<PluginCandidate>> find_plugins(
    const std::vector<std::filesystem::path>& directories);

}  // namespace kxf
