// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Ask the memory sources in order and make one MemoryMap of what they say.

#include <optional>
#include <span>

#include "kxf/memory_source.hpp"

namespace kxf {

/// What the sources say, and why that is not enough to load a kernel when none of them lists RAM:
/// reservations are known even then.
struct MemorySurvey {
  MemoryMap map;
  std::optional<Error> no_ram;  ///< each source's reason
};

/// `sources` in the policy's order; `reserved` are the profile's own windows (source `profile`).
/// Warnings: `memory-disagreement` once per pair of sources, with the ranges; none when a source
/// is silent. Decisions: which source gave the RAM, which were silent and why.
/// Errors: what a source reads is malformed.
[[nodiscard]] Result<MemorySurvey> survey_memory(const Machine& machine,
                                                 std::span<const MemorySource* const> sources,
                                                 const std::vector<MemoryRange>& reserved,
                                                 Record& record);

/// The map that survey_memory() makes.
/// Errors: as above; no source lists RAM.
[[nodiscard]] Result<MemoryMap> discover_memory(const Machine& machine,
                                                std::span<const MemorySource* const> sources,
                                                const std::vector<MemoryRange>& reserved,
                                                Record& record);

/// The two generic sources, which the built-in plugin registers: `dt` and `iomem`.
[[nodiscard]] const MemorySource& device_tree_memory_source();
[[nodiscard]] const MemorySource& iomem_memory_source();

}  // namespace kxf
