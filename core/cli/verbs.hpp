// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The verbs of the command line: each takes what was parsed and returns the exit status.

#include <filesystem>
#include <string>
#include <vector>

#include "policy/profile.hpp"

namespace kxf::cli {

/// Flags that every verb understands.
struct CommonOptions {
  std::vector<std::filesystem::path> plugin_directories;  ///< asked before the compiled-in one
  std::string machine = "/";                              ///< `/`, or a capture
  bool json = false;
  bool verbose = false;  ///< the record of decisions too
};

struct PlanOptions {
  std::string profile;  ///< a name or a path; empty: defaults
  PolicyFlags flags;
};

// load.cpp
int load(const CommonOptions& common, const PlanOptions& options, bool dry_run);
/// `segments`: a folder to make for the plan and the bytes of its segments; empty: none.
int plan(const CommonOptions& common, const PlanOptions& options, const std::string& segments);
// bundle.cpp
int bundle(const CommonOptions& common, const PlanOptions& options, const std::string& output);
// inspect.cpp
/// `file`: an image, or a device tree, of whose board nothing else is known; empty:
/// `common.machine`.
int inspect(const CommonOptions& common, const PlanOptions& options, const std::string& file);
// unload.cpp, exec.cpp, status.cpp, check.cpp
int unload(bool crash);
int exec(const CommonOptions& common, const PlanOptions& options);
int status(const CommonOptions& common, bool crash);
int check(const CommonOptions& common, bool crash);
// breadcrumb.cpp
/// `place`: an address or `ramoops`; empty: the profile's.
int status_breadcrumb(const CommonOptions& common, const PlanOptions& options,
                      const std::string& place);
// capture.cpp
int capture(const CommonOptions& common, const std::string& output);
// plugin.cpp
int plugin_list(const CommonOptions& common);
int plugin_inspect(const CommonOptions& common, const std::string& name_or_file);
// plugin_new.cpp
/// `folder`: to make; empty: the name's.
int plugin_new(const CommonOptions& common, const std::string& kind, const std::string& name,
               const std::string& folder);
// plugin_check.cpp
/// `samples`: a folder with files of the plugin's own; empty: none. `seconds`: for each child.
int plugin_check(const CommonOptions& common, const std::string& file, const std::string& samples,
                 unsigned seconds);
// profile.cpp
int profile_check(const std::vector<std::string>& profiles);
int profile_show(const PlanOptions& options, bool effective);
int profile_reference();

}  // namespace kxf::cli
