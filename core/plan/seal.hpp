// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The last step of a plan: seeds and digests. The dry run does the same with seeds of zeros.

#include "digest/sha256.hpp"
#include "load/backend.hpp"
#include "plan/planner.hpp"

namespace kxf {

enum class Seeds : std::uint8_t {
  zeros,   ///< reproducible: for printing and comparing plans
  random,  ///< from the running kernel's random number generator: for a load
};

/// A plan with final bytes. It owns what ReadyPlan only points to.
struct SealedPlan {
  LoadPlan plan;
  std::vector<Segment> segments;  ///< as in the plan, with final device tree and purgatory
  ReadyPlan ready;                ///< points into segments
  std::optional<CrashPlan> crash;
  bool digest = false;                    ///< the purgatory verifies the segments
  std::vector<DigestEntry> digests = {};  ///< what it verifies
  std::optional<BundlePlan> bundle = {};
};

/// The purgatory of this plan for a place, with what it verifies. Errors: it cannot hold that many.
[[nodiscard]] Result<PurgatoryImage> final_purgatory(const PlannedLoad& planned,
                                                     const Machine& machine, std::uint64_t address,
                                                     const std::vector<DigestEntry>& digests);

/// The architecture's last look at all segments, with this entry.
[[nodiscard]] Status check_finished(const PlannedLoad& planned, const Machine& machine,
                                    const std::vector<Segment>& segments, std::uint64_t entry,
                                    const std::vector<DigestEntry>& digests);

/// Errors: no random bytes to be had; the purgatory cannot hold that many digests.
[[nodiscard]] Result<SealedPlan> seal(const PlannedLoad& planned, const Machine& machine,
                                      Seeds seeds);

}  // namespace kxf
