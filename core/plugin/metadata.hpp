// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a plugin file says of itself in its ELF note; reading it runs none of its code.

#include <filesystem>
#include <string>
#include <vector>

#include "kxf/result.hpp"

namespace kxf {

struct PluginMetadata {
  std::string path;  ///< empty for the built-in plugin
  std::string name;
  std::string version;
  std::string vendor;
  std::string summary;
  std::string abi;                    ///< "1.0"
  std::string compiler_abi;           ///< "1017"
  std::string cxx11_strings;          ///< "1"
  std::string elf_machine;            ///< "x86-64", "aarch64", ...
  std::vector<std::string> provides;  ///< "codec:gzip"
};

/// Errors: not an ELF shared object, no kxf note or several, a malformed note (which key), missing
/// keys. A plugin for another machine or ABI is no error here: metadata_mismatches() tells.
[[nodiscard]] Result<PluginMetadata> read_plugin_metadata(const std::filesystem::path& file);

/// The same from an open file; `path` goes into the result.
[[nodiscard]] Result<PluginMetadata> read_plugin_metadata(int descriptor,
                                                          const std::filesystem::path& path);

/// The differences between the note and this kxf, one message per field; empty when it fits.
[[nodiscard]] std::vector<std::string> metadata_mismatches(const PluginMetadata& metadata);

/// Names of plugins and implementations: lower case letters, digits and dashes, a letter or digit
/// first, at most 64 bytes.
[[nodiscard]] bool is_well_formed_name(std::string_view name) noexcept;

}  // namespace kxf
