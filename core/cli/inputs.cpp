// SPDX-License-Identifier: Apache-2.0
#include "cli/inputs.hpp"

namespace kxf::cli {

Result<Policy> read_policy(const PlanOptions& options) {
  Policy policy;
  if (!options.profile.empty()) {
    KXF_TRY(path, find_profile(options.profile));
    KXF_TRY(read, read_profile(path));
    policy = std::move(read);
  }
  return with_flags(std::move(policy), options.flags);
}

Result<Registry> load_plugins(const CommonOptions& common, const Policy& policy, Record& record) {
  PluginOptions options{common.plugin_directories, policy.plugins_sha256.value,
                        policy.plugins_required.value, policy.console_uarts.value};
  options.directories.push_back(default_plugin_directory());
  return Registry::load(options, record);
}

}  // namespace kxf::cli
