// SPDX-License-Identifier: Apache-2.0
/// `kxf plugin new`: a plugin's folder, complete and ready to build.

#include <fmt/format.h>

#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "plugin/candidates.hpp"
#include "plugin/registry.hpp"
#include "template/new_plugin.hpp"

namespace kxf::cli {
namespace {

Status make(const CommonOptions& common, const std::string& kind, const std::string& name,
            const std::string& folder) {
  KXF_CHECK(check_template_kind(kind));
  KXF_TRY(existing, find_plugins(plugin_search_path(common.plugin_directories)));
  KXF_CHECK(check_new_name(name, existing));
  return write_new_plugin(kind, name, folder);
}

}  // namespace

int plugin_new(const CommonOptions& common, const std::string& kind, const std::string& name,
               const std::string& folder) {
  const std::string target = folder.empty() ? name : folder;
  if (const auto made = make(common, kind, name, target); !made) return report(made.error());
  fmt::print("made {}: the {} {}, with its test; its README.md says what is what\n", target, kind,
             name);
  fmt::print("  next: cd {} && ./ci.sh\n", target);
  return exit_done;
}

}  // namespace kxf::cli
