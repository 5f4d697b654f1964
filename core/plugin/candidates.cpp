// SPDX-License-Identifier: Apache-2.0
#include "plugin/candidates.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "kxf/plugin.hpp"
#include "plugin/builtin.hpp"
#include "plugin/registry.hpp"

namespace kxf {
namespace {

PluginCandidate examine(const PluginDirectory& directory, const std::string& name) {
  PluginCandidate candidate;
  candidate.path = directory.path() / name;
  const auto fail = [&](Error error) {
    candidate.problems.push_back(std::move(error.message));
    candidate.remedy = std::move(error.remedy);
  };
  auto file = directory.open_plugin(name);
  if (!file) {
    fail(std::move(file).error());
    return candidate;
  }
  candidate.file = std::move(*file);
  auto metadata = read_plugin_metadata(candidate.file.get(), candidate.path);
  if (!metadata) {
    fail(std::move(metadata).error());
    return candidate;
  }
  candidate.metadata = std::move(*metadata);
  candidate.problems = metadata_mismatches(candidate.metadata);
  if (!candidate.problems.empty())
    candidate.remedy = fmt::format("install a build of it for this kxf (plugin ABI {}.{})",
                                   KXF_ABI_MAJOR, KXF_ABI_MINOR);
  return candidate;
}

/// One name, one plugin: an earlier directory wins, but nothing decides within one directory.
void settle_name(PluginCandidate& candidate, const std::vector<PluginCandidate>& earlier) {
  const std::string& name = candidate.metadata.name;
  if (name.empty()) return;
  const auto clash = [&](std::string problem) {
    candidate.problems.push_back(std::move(problem));
    candidate.remedy = "remove one of the two";
  };
  if (name == builtin_plugin_name || name == uart_plugin_name)
    return clash(fmt::format("its name \"{}\" is that of {} built-in plugin", name,
                             name == builtin_plugin_name ? "the" : "a"));
  const auto same = std::ranges::find(earlier, name, [](const PluginCandidate& other) {
    return std::string_view(other.metadata.name);
  });
  if (same == earlier.end()) return;
  if (same->path.parent_path() == candidate.path.parent_path())
    return clash(fmt::format("{} in the same directory has the name \"{}\" too",
                             same->path.filename().string(), name));
  candidate.shadowed_by = same->path.string();
}

}  // namespace

Error PluginCandidate::error() const {
  return {fmt::format("plugin {}: {}", path.string(), fmt::join(problems, "; ")), remedy,
          Fault::refused};
}

std::filesystem::path default_plugin_directory() { return KXF_PLUGIN_DIR; }

std::vector<std::filesystem::path> plugin_search_path(
    const std::vector<std::filesystem::path>& given) {
  std::vector<std::filesystem::path> directories = given;
  directories.push_back(default_plugin_directory());
  return directories;
}

Result<std::vector<PluginCandidate>> find_plugins(
    const std::vector<std::filesystem::path>& directories) {
  std::vector<PluginCandidate> candidates;
  std::vector<std::filesystem::path> searched;
  for (const std::filesystem::path& given : directories) {
    const std::filesystem::path path = (given / "").parent_path();  // without a slash at the end
    // Asked for twice, or the compiled-in one asked for by hand: once is enough.
    if (std::ranges::find(searched, path) != searched.end()) continue;
    searched.push_back(path);
    KXF_TRY(directory, PluginDirectory::open(path, required_trust()));
    if (!directory) {
      if (path == default_plugin_directory()) continue;
      return refuse(fmt::format("plugin directory {} does not exist", path.string()),
                    "correct the path that was given with --plugin-dir");
    }
    KXF_TRY(names, directory->plugin_names());
    for (const std::string& name : names) {
      PluginCandidate candidate = examine(*directory, name);
      settle_name(candidate, candidates);
      candidates.push_back(std::move(candidate));
    }
  }
  return candidates;
}

}  // namespace kxf
