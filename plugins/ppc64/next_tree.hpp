// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/architecture.hpp>

namespace kxf::ppc64 {

/// What Power changes in the next tree: drops what the running kernel wrote into it for itself,
/// lets the next kernel have all memory again, and lists what firmware owns in /memreserve/.
/// Errors: properties of firmware that cannot be read.
[[nodiscard]] Status adjust_next_tree(TreeEditor& editor, const ArchitectureQuestion& question,
                                      Record& record);

}  // namespace kxf::ppc64
