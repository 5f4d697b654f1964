// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From (machine, profile, images) to a plan: a function without side effects.

#include <optional>
#include <vector>

#include "bundle/bundle_plan.hpp"
#include "crash/crash_plan.hpp"
#include "devicetree/next_tree.hpp"
#include "image/load_image.hpp"
#include "kxf/architecture.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// A plan, and what is needed to fill in at the last moment what must not be in a plan: the seeds
/// of the device tree, and the digests, which cover them.
struct PlannedLoad {
  LoadPlan plan;
  const Architecture* architecture = nullptr;
  Settings architecture_settings;
  LoadedImage image;
  Blob initrd;
  std::optional<SinkProgram> sink;
  bool digest = false;
  std::vector<SeedPlace> seeds;  ///< in the segment `dtb`
  std::optional<CrashPlan> crash;
  std::optional<BackupCopy> backup;
  /// What the running kernel could not confine of formats and codecs. Not part of the plan: that
  /// does not depend on who made it.
  std::vector<std::string> not_confined = {};
  bool may_use_mmu = true;  ///< `purgatory.mmu`
  std::optional<BundlePlan> bundle = {};
  std::optional<Breadcrumb> breadcrumb = {};
};

/// Errors: whatever makes the load impossible or unwise; nothing has been changed.
[[nodiscard]] Result<PlannedLoad> plan_load(const Machine& machine, const Policy& policy,
                                            const Registry& registry, Record record);

}  // namespace kxf
