// SPDX-License-Identifier: Apache-2.0
#include "cli/planning.hpp"

#include <fmt/format.h>

#include "cli/report.hpp"
#include "machine/open.hpp"
#include "plan/output.hpp"

namespace kxf::cli {

Result<Work> prepare(const CommonOptions& common, const PlanOptions& options) {
  Record record;
  KXF_TRY(policy, read_policy(options));
  KXF_TRY(registry, load_plugins(common, policy, record));
  KXF_TRY(machine, open_machine(common.machine));
  return Work{std::move(policy), std::move(registry), std::move(machine), std::move(record)};
}

Result<PlannedLoad> plan_work(const Work& work) {
  KXF_TRY(planned, plan_load(*work.machine, work.policy, work.registry, work.record));
  report_not_confined(planned.not_confined);
  return planned;
}

Status print_plan(const SealedPlan& sealed, const CommonOptions& common) {
  if (common.json) {
    KXF_TRY(text, plan_json(sealed));
    fmt::print("{}", text);
    return {};
  }
  fmt::print("{}", plan_text(sealed, common.verbose));
  print_warnings(sealed.plan.parts().record);
  return {};
}

void print_warnings(const Record& record) {
  for (const Warning& warning : record.warnings()) report(warning);
}

int status_of(const Status& status) { return status ? 0 : report(status.error()); }

}  // namespace kxf::cli
