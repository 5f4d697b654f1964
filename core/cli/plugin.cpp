// SPDX-License-Identifier: Apache-2.0
/// `kxf plugin list` and `kxf plugin inspect`: what the notes say. Nothing of a plugin runs.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>

#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "plugin/builtin.hpp"
#include "plugin/candidates.hpp"
#include "plugin/registry.hpp"
#include "text/json.hpp"
#include "uart/uart_files.hpp"

namespace kxf::cli {
namespace {

constexpr int json_schema = 1;

/// A line of the listing: the built-in plugin, or a file.
struct Entry {
  PluginMetadata metadata;
  std::string path;
  std::string state;                 ///< ok, refused, hidden
  std::vector<std::string> reasons;  ///< for the state, when it is not ok
  std::string remedy;
};

Entry builtin_entry() {
  Entry entry{
      .metadata = builtin_metadata(), .path = {}, .state = "ok", .reasons = {}, .remedy = {}};
  return entry;
}

/// The descriptions of UARTs, as one plugin.
Entry uarts_entry() {
  Record record;
  const std::filesystem::path directory = uart_directory();
  const auto sinks = load_uarts(directory, {}, record);
  const UartSinks none;
  Entry entry{.metadata = uart_metadata(sinks ? *sinks : none),
              .path = {},
              .state = "ok",
              .reasons = {},
              .remedy = {}};
  std::error_code ignored;
  if (std::filesystem::exists(directory, ignored)) entry.path = directory.string();
  if (!sinks) {
    entry.state = "refused";
    entry.reasons = {sinks.error().message};
    entry.remedy = sinks.error().remedy;
  }
  return entry;
}

Entry entry_of(const PluginCandidate& candidate) {
  Entry entry{.metadata = candidate.metadata,
              .path = candidate.path.string(),
              .state = candidate.problems.empty() ? "ok" : "refused",
              .reasons = candidate.problems,
              .remedy = candidate.remedy};
  if (!candidate.shadowed_by.empty()) {
    entry.state = "hidden";
    entry.reasons = {fmt::format("{} is searched first", candidate.shadowed_by)};
    entry.remedy.clear();
  }
  return entry;
}

Result<std::vector<Entry>> entries(const CommonOptions& common) {
  KXF_TRY(candidates, find_plugins(plugin_search_path(common.plugin_directories)));
  std::vector<Entry> all;
  all.push_back(builtin_entry());
  all.push_back(uarts_entry());
  for (const PluginCandidate& candidate : candidates) all.push_back(entry_of(candidate));
  return all;
}

/// One file, wherever it is.
Entry inspect_file(const std::string& file) {
  Entry entry{.metadata = {}, .path = file, .state = "ok", .reasons = {}, .remedy = {}};
  const auto fail = [&](const std::vector<std::string>& reasons, std::string remedy) {
    entry.state = "refused";
    entry.reasons.insert(entry.reasons.end(), reasons.begin(), reasons.end());
    entry.remedy = std::move(remedy);
  };
  // What it says can be read whoever owns it; whether it would be loaded is another matter.
  auto opened = open_plugin(file, Trust::any_owner);
  if (!opened) {
    fail({opened.error().message}, opened.error().remedy);
    return entry;
  }
  if (const auto trusted = open_plugin(file, required_trust()); !trusted)
    fail({trusted.error().message}, trusted.error().remedy);
  auto metadata = read_plugin_metadata(opened->get(), file);
  if (!metadata) {
    fail({metadata.error().message}, metadata.error().remedy);
    return entry;
  }
  entry.metadata = std::move(*metadata);
  if (const auto mismatches = metadata_mismatches(entry.metadata); !mismatches.empty())
    fail(mismatches, "install a build of it for this kxf");
  return entry;
}

Json json_of(const Entry& entry) {
  const PluginMetadata& metadata = entry.metadata;
  return {{"name", metadata.name},
          {"version", metadata.version},
          {"vendor", metadata.vendor},
          {"summary", metadata.summary},
          {"path", entry.path},
          {"state", entry.state},
          {"reasons", entry.reasons},
          {"abi", metadata.abi},
          {"compiler_abi", metadata.compiler_abi},
          {"cxx11_strings", metadata.cxx11_strings},
          {"elf_machine", metadata.elf_machine},
          {"provides", metadata.provides}};
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

void print_table(const std::vector<Entry>& all) {
  using Row = std::array<std::string, 6>;
  std::vector<Row> rows = {{"NAME", "VERSION", "VENDOR", "ABI", "STATE", "PATH"}};
  for (const Entry& entry : all)
    rows.push_back({or_dash(entry.metadata.name), or_dash(entry.metadata.version),
                    or_dash(entry.metadata.vendor), or_dash(entry.metadata.abi), entry.state,
                    entry.path.empty() ? "(built in)" : entry.path});
  std::array<std::size_t, std::tuple_size_v<Row>> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i + 1 < rows[r].size(); ++i)
      fmt::print("{:<{}}  ", rows[r][i], widths[i]);
    fmt::print("{}\n", rows[r].back());
    if (r == 0) continue;
    const Entry& entry = all[r - 1];
    for (const std::string& reason : entry.reasons) fmt::print("  {}: {}\n", entry.state, reason);
    if (!entry.remedy.empty()) fmt::print("  remedy: {}\n", entry.remedy);
    if (!entry.metadata.provides.empty())
      fmt::print("  provides {}\n", fmt::join(entry.metadata.provides, " "));
  }
}

void print_fields(const Entry& entry) {
  const PluginMetadata& metadata = entry.metadata;
  const auto field = [](std::string_view label, const std::string& value) {
    if (!value.empty()) fmt::print("{:<14} {}\n", label, value);
  };
  field("name", metadata.name);
  field("version", metadata.version);
  field("vendor", metadata.vendor);
  field("summary", metadata.summary);
  field("path", entry.path.empty() ? "(built in)" : entry.path);
  field("state", entry.state);
  for (const std::string& reason : entry.reasons) field("reason", reason);
  field("remedy", entry.remedy);
  field("abi", metadata.abi);
  field("compiler abi", metadata.compiler_abi);
  field("cxx11 strings", metadata.cxx11_strings);
  field("built for", metadata.elf_machine);
  for (const std::string& provided : metadata.provides) field("provides", provided);
}

int exit_status_of(const Entry& entry) {
  return entry.state == "refused" ? exit_refused : exit_done;
}

}  // namespace

int plugin_list(const CommonOptions& common) {
  const auto all = entries(common);
  if (!all) return report(all.error());
  if (common.json) {
    Json plugins = Json::array();
    for (const Entry& entry : *all) plugins.push_back(json_of(entry));
    fmt::print("{}", json_text({{"schema", json_schema}, {"plugins", std::move(plugins)}}));
  } else {
    print_table(*all);
  }
  int status = exit_done;
  for (const Entry& entry : *all) status = std::max(status, exit_status_of(entry));
  return status;
}

int plugin_inspect(const CommonOptions& common, const std::string& name_or_file) {
  const bool is_file = name_or_file.find('/') != std::string::npos || name_or_file.ends_with(".so");
  std::optional<Entry> found;
  if (is_file) {
    found = inspect_file(name_or_file);
  } else {
    const auto all = entries(common);
    if (!all) return report(all.error());
    std::vector<std::string> names;
    for (const Entry& entry : *all) {
      if (entry.metadata.name == name_or_file && entry.state != "hidden") found = entry;
      if (!entry.metadata.name.empty()) names.push_back(entry.metadata.name);
    }
    if (!found)
      return report({fmt::format("no plugin \"{}\" in the search path; there are: {}", name_or_file,
                                 fmt::join(names, ", ")),
                     "name one of these, give the path of a file, or use --plugin-dir",
                     Fault::refused});
  }
  if (common.json) {
    Json json = {{"schema", json_schema}};
    json.update(json_of(*found));
    fmt::print("{}", json_text(json));
  } else {
    print_fields(*found);
  }
  return exit_status_of(*found);
}

}  // namespace kxf::cli
