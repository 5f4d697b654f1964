// SPDX-License-Identifier: Apache-2.0
#include "load/exec.hpp"

#include <fmt/format.h>

#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "machine/open.hpp"

namespace kxf::cli {
namespace {

Result<ExecMethod> exec_method(const PlanOptions& options) {
  if (options.profile.empty()) return Policy{}.exec_method.value;
  KXF_TRY(path, find_profile(options.profile));
  KXF_TRY(policy, read_profile(path));
  return policy.exec_method.value;
}

}  // namespace

int exec(const CommonOptions& common, const PlanOptions& options) {
  const Result<ExecMethod> method = exec_method(options);
  if (!method) return report(method.error());
  const Result<std::unique_ptr<Machine>> machine = open_machine("/");
  if (!machine) return report(machine.error());
  const std::unique_ptr<SystemCalls> calls = real_system_calls();
  Record record;
  const Status done = exec_loaded(*method, **machine, *calls, record);
  for (const Warning& warning : record.warnings()) report(warning);
  if (common.verbose)
    for (const Decision& decision : record.decisions())
      note(fmt::format("{}: {} ({})", decision.topic, decision.choice, decision.reason));
  if (!done) return report(done.error());
  note("systemd goes down and jumps");
  return exit_done;
}

}  // namespace kxf::cli
