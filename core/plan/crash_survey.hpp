// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a crash load has that others have not.

#include "crash/core_header.hpp"
#include "crash/crash_plan.hpp"
#include "kxf/architecture.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// A crash load before anything has a place.
struct CrashSurvey {
  CrashPlan plan;
  CrashLayout layout;             ///< for kexec_load only
  std::uint64_t header_room = 0;  ///< of the core header's segment; 0: the kernel writes it

  /// With placeholders inside the crash region.
  [[nodiscard]] CrashPlaces placeholders() const;
};

/// Look at the crash regions and at what a dump would hold. For kexec_file_load the kernel finds
/// out for itself, and what is missing here is a warning (`crash-facts`): it can then not be
/// checked later.
/// Errors: no memory is reserved for crash kernels (and how much this one needs); for kexec_load
/// also: what a core header needs is not known (which, and why).
[[nodiscard]] Result<CrashSurvey> survey_crash(const Architecture& architecture,
                                               const ArchitectureQuestion& question,
                                               Backend backend, const Blob& initrd,
                                               const Policy& policy, Record& record);

/// Is the region large enough, now that the sizes of all segments are known? Warns or refuses, as
/// the policy says (`crash-region-small`).
[[nodiscard]] Status check_capacity(const CrashCapacity& capacity, const Policy& policy,
                                    Record& record);

/// The core header's bytes. `backup` is the segment for CrashLayout::backup.
[[nodiscard]] Result<ByteVector> core_header_bytes(const CrashSurvey& survey, Endian endian,
                                                   const std::optional<Range>& backup);

}  // namespace kxf
