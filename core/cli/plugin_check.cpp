// SPDX-License-Identifier: Apache-2.0
/// `kxf plugin check`: what of the rules for plugins holds.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/report.hpp"
#include "cli/verbs.hpp"
#include "conformance/rule.hpp"
#include "image/files.hpp"
#include "text/json.hpp"

namespace kxf::cli {
namespace {

namespace fs = std::filesystem;
using conformance::CheckedRule;
using conformance::Outcome;
constexpr int check_schema = 1;

/// The files right in the folder, by name. Empty ones are left out: no format has such files.
Result<NamedFiles> read_samples(const std::string& folder) {
  NamedFiles samples;
  if (folder.empty()) return samples;
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->is_regular_file(error) && entry->file_size(error) != 0)
      paths.push_back(entry->path());
  if (error)
    return refuse(fmt::format("cannot read the samples in {}: {}", folder, error.message()),
                  "name a folder with files of the plugin's own formats");
  if (paths.empty())
    return refuse(fmt::format("there are no samples in {}", folder),
                  "put files of the plugin's own formats there, or leave --samples out");
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    KXF_TRY(file, copy_file(path.string()));
    samples.add(path.filename().string(), std::move(file));
  }
  return samples;
}

std::string id_of(const CheckedRule& checked) {
  return fmt::format("KXP-{}", checked.rule->number);
}

std::size_t count(const std::vector<CheckedRule>& checked, Outcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(
      checked, outcome, [](const CheckedRule& one) { return one.result.outcome; }));
}

void print_text(const std::vector<CheckedRule>& checked) {
  for (const CheckedRule& one : checked) {
    fmt::print("{:<7} {:<15} {}\n", id_of(one), name_of(one.result.outcome), one.rule->title);
    for (const std::string& reason : one.result.reasons) fmt::print("        {}\n", reason);
  }
  fmt::print("{} ok, {} failed, {} not applicable\n", count(checked, Outcome::ok),
             count(checked, Outcome::failed), count(checked, Outcome::not_applicable));
}

void print_checked_json(const conformance::Subject& subject,
                        const std::vector<CheckedRule>& checked) {
  Json rules = Json::array();
  for (const CheckedRule& one : checked)
    rules.push_back({{"id", id_of(one)},
                     {"title", one.rule->title},
                     {"outcome", name_of(one.result.outcome)},
                     {"reasons", one.result.reasons}});
  const Json json = {{"schema", check_schema},
                     {"path", subject.file.string()},
                     {"name", subject.metadata.name},
                     {"passed", count(checked, Outcome::failed) == 0},
                     {"rules", std::move(rules)}};
  fmt::print("{}", json_text(json));
}

}  // namespace

int plugin_check(const CommonOptions& common, const std::string& file, const std::string& samples,
                 unsigned seconds) {
  const auto read = read_samples(samples);
  if (!read) return report(read.error());
  conformance::Subject subject{
      .file = file, .samples = read->named, .time = std::chrono::seconds(seconds)};
  const auto checked = conformance::check_plugin(subject);
  if (common.json)
    print_checked_json(subject, checked);
  else
    print_text(checked);
  if (count(checked, Outcome::failed) == 0) return exit_done;
  if (!common.json) note("the plugin breaks a rule; docs/plugin-rules.md explains each");
  return exit_refused;
}

}  // namespace kxf::cli
