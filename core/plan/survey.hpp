// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What is asked of a machine before any kernel is looked at: planning and inspecting ask the same.

#include <vector>

#include "kxf/architecture.hpp"
#include "kxf/cpu.hpp"
#include "kxf/record.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// The machine's architecture: by `uname -m`, or by the device tree where that is all that is
/// known. Errors: no plugin knows it (the known ones are listed); a tie.
[[nodiscard]] Result<const Architecture*> architecture_for(const Machine& machine,
                                                           const Registry& registry,
                                                           const Policy& policy);

/// Is the profile for this board?
/// Errors: it names others (`board.match`).
[[nodiscard]] Status check_board(const Machine& machine, const Policy& policy, Record& record);

/// The memory sources to ask, in order.
/// Errors: a name that no plugin has.
[[nodiscard]] Result<std::vector<const MemorySource*>> memory_sources(
    const Policy& policy, const ArchitectureTraits& traits, const Registry& registry);

/// Windows that no source can know: the profile's and those that CPUs wait in.
[[nodiscard]] std::vector<MemoryRange> extra_reservations(const Policy& policy,
                                                          const CpuReport& cpus);

/// Linux takes segments for at most half of its own RAM, and for a crash kernel it empties the slot
/// before it looks (sanity_check_segment_list() in kernel/kexec_core.c): so it is asked first.
/// `total_bytes` is what all segments take. Its RAM is MemTotal of /proc/meminfo; where that is not
/// told, all RAM there is.
/// Errors: more than half.
[[nodiscard]] Status check_half_of_ram(const Machine& machine, const MemoryMap& memory,
                                       std::uint64_t total_bytes);

}  // namespace kxf
