// SPDX-License-Identifier: Apache-2.0
// kxf bundle: a plan as one file that firmware starts.

#include "bundle/bundle_file.hpp"
#include "cli/planning.hpp"
#include "cli/verbs.hpp"

namespace kxf::cli {
namespace {

Status write_plan(const CommonOptions& common, const PlanOptions& options,
                  const std::string& output) {
  KXF_TRY(work, prepare(common, options));
  work.policy.bundle = true;
  KXF_TRY(planned, plan_work(work));
  KXF_TRY(sealed, seal(planned, *work.machine, Seeds::zeros));
  KXF_TRY(file, bundle_file(planned, sealed, *work.machine));
  KXF_CHECK(write_bundle(output, file));
  return print_plan(sealed, common);
}

}  // namespace

int bundle(const CommonOptions& common, const PlanOptions& options, const std::string& output) {
  return status_of(write_plan(common, options, output));
}

}  // namespace kxf::cli
