// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The folders examples/template-<kind>, as text in the program.

#include <span>
#include <string_view>

namespace kxf {

struct TemplateFile {
  std::string_view kind;  ///< `format`, `codec`
  std::string_view path;  ///< in the plugin's folder; may hold the placeholder
  std::string_view text;
};

/// All files of all templates, by kind.
[[nodiscard]] std::span<const TemplateFile> template_files();

}  // namespace kxf
