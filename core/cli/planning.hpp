// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the verbs that make a plan have in common: load, plan, bundle.

#include <memory>

#include "cli/inputs.hpp"
#include "plan/seal.hpp"

namespace kxf::cli {

/// Everything that a plan was made from; the plan points into it.
struct Work {
  Policy policy;
  Registry registry;
  std::unique_ptr<Machine> machine;
  Record record;
};

/// Profile and flags, plugins, and the machine that the options name.
[[nodiscard]] Result<Work> prepare(const CommonOptions& common, const PlanOptions& options);

/// The plan, before seeds and digests. Says what formats and codecs were not confined from.
[[nodiscard]] Result<PlannedLoad> plan_work(const Work& work);

/// The plan as the options want it, on the standard output; without JSON its warnings on the
/// standard error.
[[nodiscard]] Status print_plan(const SealedPlan& sealed, const CommonOptions& common);

void print_warnings(const Record& record);

/// The exit status; reports the error, if any.
[[nodiscard]] int status_of(const Status& status);

}  // namespace kxf::cli
