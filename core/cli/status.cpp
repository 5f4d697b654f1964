// SPDX-License-Identifier: Apache-2.0
#include "load/status.hpp"

#include <fmt/format.h>

#include "cli/armed.hpp"
#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "machine/open.hpp"
#include "text/json.hpp"

namespace kxf::cli {
namespace {

std::string status_json(const KexecStatus& status, const std::optional<ArmedCrash>& armed) {
  Json object = {{"schema", 1},
                 {"loaded", status.loaded},
                 {"crash_loaded", status.crash_loaded},
                 {"crash_size_bytes", nullptr}};
  if (status.crash_size_bytes) object["crash_size_bytes"] = *status.crash_size_bytes;
  object["crash_kernel"] = status.crash_loaded ? armed_json(armed) : nullptr;
  return json_text(object);
}

std::string reserved_text(const KexecStatus& status) {
  if (!status.crash_size_bytes) return "";
  if (*status.crash_size_bytes == 0) return " (no memory is reserved: crashkernel= is not set)";
  return fmt::format(" ({} reserved)", size_text(*status.crash_size_bytes));
}

std::string status_text(const KexecStatus& status, const Result<std::optional<ArmedCrash>>& armed) {
  const auto state = [](bool loaded) { return loaded ? "loaded" : "not loaded"; };
  std::string text = fmt::format("kernel: {}\ncrash kernel: {}{}\n", state(status.loaded),
                                 state(status.crash_loaded), reserved_text(status));
  if (!status.crash_loaded) return text;
  if (!armed) return text + fmt::format("  which one is not known: {}\n", armed.error().message);
  if (!*armed) return text + "  which one is not known: \"kxf load --crash\" has not loaded it\n";
  return text + armed_text(**armed);
}

}  // namespace

int status(const CommonOptions& common, bool crash) {
  const Result<std::unique_ptr<Machine>> machine = open_machine(common.machine);
  if (!machine) return report(machine.error());
  const Result<KexecStatus> status = kexec_status(**machine);
  if (!status) return report(status.error());
  // Who may not read what kxf remembers still learns what the kernel says.
  const Result<std::optional<ArmedCrash>> armed = armed_on(common, **machine);
  fmt::print("{}", common.json ? status_json(*status, armed.value_or(std::nullopt))
                               : status_text(*status, armed));
  const bool loaded = crash ? status->crash_loaded : status->loaded;
  return loaded ? exit_done : exit_not_loaded;
}

}  // namespace kxf::cli
