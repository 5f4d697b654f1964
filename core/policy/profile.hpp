// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From a TOML file and flags to a Policy.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "policy/policy.hpp"

namespace kxf {

/// Flags of `kxf load` and `kxf plan` that override the profile. Unset ones leave it alone.
struct PolicyFlags {
  std::optional<std::string> kernel;
  std::vector<std::string> initrds;
  std::optional<std::string> command_line;
  std::vector<std::string> append;
  bool reuse_command_line = false;
  std::optional<std::string> dtb;
  std::optional<std::string> syscall;
  std::optional<std::string> digest;
  bool crash = false;
  bool no_sandbox = false;
};

/// Where `name` is: as it is when it has a slash, else `<sysconfdir>/kxf/profiles/<name>.toml`
/// (with or without the ending).
/// Errors: no such profile; the ones that exist are listed.
[[nodiscard]] Result<std::string> find_profile(const std::string& name);
/// The same in another directory than the compiled-in one.
[[nodiscard]] Result<std::string> find_profile(const std::string& name,
                                               const std::filesystem::path& directory);

/// The text of a profile as it is.
/// Errors: missing or unreadable, not a regular file, over 1 MiB.
[[nodiscard]] Result<std::string> profile_text(const std::string& path);

/// Read a profile. Every complaint of the file is in the one error, a line each, with line,
/// column and the nearest known key for an unknown one. Relative paths in the profile count from
/// the profile's own directory; the policy has them absolute. Origins name the file without its
/// directory, so that a plan does not depend on where the profile lies.
/// Errors: not a readable regular file, over 1 MiB, not UTF-8, not TOML, not this schema.
[[nodiscard]] Result<Policy> read_profile(const std::string& path);

/// Lay flags over a policy. `--initrd` replaces the profile's list. `--command-line` replaces the
/// profile's mode, text, append and remove; `--reuse-cmdline` replaces its mode and text;
/// `--append` comes behind the profile's append where that still applies. Errors (fault usage):
/// values that are no member of a choice, empty paths, both of
/// `--command-line` and `--reuse-cmdline`.
[[nodiscard]] Result<Policy> with_flags(Policy policy, const PolicyFlags& flags);

/// `kxf profile show --effective`: each value with its origin, as TOML with comments. The text is
/// itself a profile that gives the same values wherever it lies; paths of flags count from the
/// current directory and are written absolute.
[[nodiscard]] std::string effective_text(const Policy& policy);

/// The reference of all keys as Markdown, made from the same table that reads them: docs/profile.md
/// contains it and a test compares.
[[nodiscard]] std::string profile_reference();

}  // namespace kxf
