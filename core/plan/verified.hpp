// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the purgatory verifies of a plan.

#include <vector>

#include "kxf/architecture.hpp"

namespace kxf {

/// An entry for each run of bytes to verify, in the order of the segments: all bytes of every
/// segment but those of the purgatory, which cannot hold its own digest, and those that the running
/// kernel writes anew when CPUs come or go (`kernel_updates`). Large segments are split as the
/// traits say. The SHA-256s are still zeros.
[[nodiscard]] std::vector<DigestEntry> entries_to_verify(const std::vector<Segment>& segments,
                                                         const ArchitectureTraits& traits,
                                                         bool kernel_updates);

}  // namespace kxf
