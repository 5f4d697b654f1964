// SPDX-License-Identifier: Apache-2.0

// kxf profile check|show|reference: for those who write profiles.

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/report.hpp"
#include "cli/verbs.hpp"

namespace kxf::cli {
namespace {

/// A checked profile may be a file of the current directory: nothing is loaded from it. Whatever
/// is no file here is a name, as for the other verbs.
Result<std::string> profile_or_file(const std::string& name) {
  std::error_code error;
  if (std::filesystem::is_regular_file(name, error)) return name;
  return find_profile(name);
}

Result<Policy> checked_profile(const std::string& name) {
  KXF_TRY(path, profile_or_file(name));
  return read_profile(path);
}

Result<Policy> effective_policy(const PlanOptions& options) {
  if (options.profile.empty()) return with_flags(Policy{}, options.flags);
  KXF_TRY(path, find_profile(options.profile));
  KXF_TRY(policy, read_profile(path));
  return with_flags(std::move(policy), options.flags);
}

bool has_flags(const PolicyFlags& flags) {
  return flags.kernel || !flags.initrds.empty() || flags.command_line || !flags.append.empty() ||
         flags.reuse_command_line || flags.dtb || flags.syscall || flags.digest || flags.crash;
}

}  // namespace

int profile_check(const std::vector<std::string>& profiles) {
  int status = exit_done;
  for (const std::string& name : profiles) {
    const Result<Policy> policy = checked_profile(name);
    if (policy)
      fmt::print("{}: fits schema 1\n", name);
    else
      status = std::max(status, report(policy.error()));
  }
  return status;
}

int profile_show(const PlanOptions& options, bool effective) {
  if (effective) {
    const Result<Policy> policy = effective_policy(options);
    if (!policy) return report(policy.error());
    fmt::print("{}", effective_text(*policy));
    return exit_done;
  }
  if (has_flags(options.flags))
    return report(Error{"flags have no effect on the text of a profile",
                        "add --effective to see what they give together", Fault::usage});
  const Result<std::string> path = find_profile(options.profile);
  if (!path) return report(path.error());
  const Result<std::string> text = profile_text(*path);
  if (!text) return report(text.error());
  fmt::print("# {}\n{}{}", *path, *text, text->ends_with('\n') || text->empty() ? "" : "\n");
  return exit_done;
}

int profile_reference() {
  fmt::print("{}", kxf::profile_reference());
  return exit_done;
}

}  // namespace kxf::cli
