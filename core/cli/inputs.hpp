// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the verbs that plan and inspect begin with.

#include "cli/verbs.hpp"
#include "plugin/registry.hpp"

namespace kxf::cli {

/// The profile, when one is named, with the flags over it.
[[nodiscard]] Result<Policy> read_policy(const PlanOptions& options);

/// All plugins of the search path, as the policy wants them.
[[nodiscard]] Result<Registry> load_plugins(const CommonOptions& common, const Policy& policy,
                                            Record& record);

}  // namespace kxf::cli
