// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Does everything that a policy names exist, and what do its words stand for?

#include "kxf/architecture.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// A name in `[plugins.use]` or `[settings.NAME]` that nothing has would otherwise be ignored
/// without a word whenever the load does not come to need it.
/// Errors: a name that no implementation has (the nearest one is named).
[[nodiscard]] Status check_names(const Policy& policy, const Registry& registry);

/// The memory sources to ask, in order: `auto` stands for those that the architecture names.
[[nodiscard]] std::vector<std::string> source_names(const Policy& policy,
                                                    const ArchitectureTraits& traits);

}  // namespace kxf
