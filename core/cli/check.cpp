// SPDX-License-Identifier: Apache-2.0
// kxf check: is what was loaded still fit for the machine as it is now?

#include "crash/check.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/armed.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "load/load_record.hpp"
#include "machine/open.hpp"
#include "text/json.hpp"

namespace kxf::cli {
namespace {

std::string check_json(std::string_view verdict, const std::vector<CrashFinding>& findings,
                       const Json& crash_kernel) {
  Json list = Json::array();
  for (const CrashFinding& finding : findings)
    list.push_back({{"id", finding.id},
                    {"text", finding.text},
                    {"remedy", finding.remedy.empty() ? Json(nullptr) : Json(finding.remedy)}});
  const Json object = {{"schema", 1},
                       {"verdict", verdict},
                       {"findings", std::move(list)},
                       {"crash_kernel", crash_kernel}};
  return json_text(object);
}

/// What does harm goes where errors go; the rest is news.
void print(const std::vector<CrashFinding>& findings) {
  std::fflush(stdout);  // what is above them stays above them in a log of both
  for (const CrashFinding& finding : findings) {
    const std::string text = fmt::format("{} [{}]", finding.text, finding.id);
    if (finding.remedy.empty())
      fmt::print("  fine     {}\n", text);
    else
      report(Error{text, finding.remedy});
  }
}

std::string_view verdict_text(CrashVerdict verdict) {
  switch (verdict) {
    case CrashVerdict::able: return "armed, able to dump";
    case CrashVerdict::unable: return "armed, but not able to dump all that is there now";
    case CrashVerdict::unknown: return "armed, by another program";
    case CrashVerdict::not_armed: break;
  }
  return "not armed";
}

void print(const CrashCheck& check, const std::optional<ArmedCrash>& armed) {
  fmt::print("crash kernel: {}\n", verdict_text(check.verdict));
  if (armed && check.verdict != CrashVerdict::not_armed) fmt::print("{}", armed_text(*armed));
  print(check.findings);
}

int exit_status(CrashVerdict verdict) {
  switch (verdict) {
    case CrashVerdict::able: return exit_done;
    case CrashVerdict::unable:
    case CrashVerdict::unknown: return exit_refused;
    case CrashVerdict::not_armed: break;
  }
  return exit_not_loaded;
}

Result<int> check_crash_kernel(const CommonOptions& common, const Machine& machine) {
  KXF_TRY(status, kexec_status(machine));
  KXF_TRY(armed, armed_on(common, machine));
  KXF_TRY(check, check_crash(machine, status, armed));
  if (common.json)
    fmt::print("{}", check_json(name_of(check.verdict), check.findings, armed_json(armed)));
  else
    print(check, armed);
  return exit_status(check.verdict);
}

/// The kernel that kxf exec would jump into, by the same record that kxf exec goes by.
Result<int> check_kernel(const CommonOptions& common, const Machine& machine) {
  if (common.machine != "/")
    return tl::unexpected(
        Error{"kxf check without --crash is about the kernel that is loaded on this machine, and a "
              "capture does not tell of it",
              "add --crash to check the crash kernel, or leave out --machine", Fault::usage});
  KXF_TRY(status, kexec_status(machine));
  Record record;
  if (status.loaded) KXF_CHECK(check_load_record(machine, record));
  std::vector<CrashFinding> findings;
  bool known = true;
  for (const Warning& warning : record.warnings()) {
    // What was added does no harm; without the record nothing is known.
    const bool unknown = warning.id == "no-load-record";
    findings.push_back(
        {warning.id, warning.text, unknown ? "load the kernel with \"kxf load\"" : ""});
    known = known && !unknown;
  }
  const std::string_view verdict = !status.loaded ? "not-loaded" : known ? "fit" : "unknown";
  if (common.json) {
    fmt::print("{}", check_json(verdict, findings, nullptr));
  } else {
    fmt::print("kernel: {}\n", !status.loaded ? "not loaded"
                               : known        ? "loaded, fit to jump into"
                                              : "loaded, not known whether it is fit");
    print(findings);
  }
  if (!status.loaded) return exit_not_loaded;
  return known ? exit_done : exit_refused;
}

}  // namespace

int check(const CommonOptions& common, bool crash) {
  const Result<std::unique_ptr<Machine>> machine = open_machine(common.machine);
  if (!machine) return report(machine.error());
  const Result<int> status =
      crash ? check_crash_kernel(common, **machine) : check_kernel(common, **machine);
  return status ? *status : report(status.error());
}

}  // namespace kxf::cli
