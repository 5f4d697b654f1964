// SPDX-License-Identifier: Apache-2.0
#include "conformance/child.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "plugin/trust.hpp"

namespace kxf::conformance {
namespace {

namespace fs = std::filesystem;

/// A codec may unpack to what a test gives it as limit; that, twice, and room to work.
constexpr std::uint64_t memory_bytes = 1ULL << 30U;

/// An answer as lines: an outcome, then reasons and values with a letter in front.
constexpr char reason_mark = 'r';
constexpr char value_mark = 'v';

ByteVector packed(const Report& report) {
  std::string text(1, static_cast<char>('0' + static_cast<int>(report.result.outcome)));
  for (const std::string& reason : report.result.reasons)
    text += fmt::format("\n{}{}", reason_mark, one_line(reason));
  for (const std::string& value : report.values)
    text += fmt::format("\n{}{}", value_mark, one_line(value));
  const ByteView bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

/// Any bytes may have come back: what runs in the child can write to its way back.
std::optional<Report> unpacked(ByteView answer) {
  std::string_view text = text_of(answer);
  if (text.empty() || text.front() < '0' || text.front() > '2') return std::nullopt;
  Report report;
  report.result.outcome = static_cast<Outcome>(text.front() - '0');
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() != '\n' || text.size() < 2) return std::nullopt;
    const std::size_t end = std::min(text.find('\n', 1), text.size());
    std::string line = one_line(text.substr(2, end - 2));
    if (text[1] == reason_mark)
      report.result.reasons.push_back(std::move(line));
    else if (text[1] == value_mark)
      report.values.push_back(std::move(line));
    else
      return std::nullopt;
    text.remove_prefix(end);
  }
  return report;
}

/// The entries of a directory of /proc; empty where there is none.
std::vector<std::string> entries_of(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  return names;
}

std::vector<std::string> new_in(const std::vector<std::string>& after,
                                const std::vector<std::string>& before) {
  std::vector<std::string> fresh;
  for (const std::string& name : after)
    if (std::ranges::find(before, name) == before.end()) fresh.push_back(name);
  return fresh;
}

Result<const kxf_plugin_descriptor*> load(const Subject& subject) {
  KXF_TRY(file, open_plugin(subject.file, required_trust()));
  return load_plugin_library(std::move(file), subject.file);
}

Arrival arrive(const Subject& subject) {
  constexpr const char* descriptors = "/proc/self/fd";
  constexpr const char* threads = "/proc/self/task";
  const auto descriptors_before = entries_of(descriptors);
  const auto threads_before = entries_of(threads);
  Arrival arrival{load(subject), {}};
  // The loader keeps one descriptor, that of the plugin.
  const auto descriptors_now = new_in(entries_of(descriptors), descriptors_before);
  if (arrival.descriptor && descriptors_now.size() > 1)
    arrival.left_behind.push_back(
        fmt::format("{} open file descriptors", descriptors_now.size() - 1));
  const auto threads_now = new_in(entries_of(threads), threads_before);
  if (!threads_now.empty())
    arrival.left_behind.push_back(fmt::format("{} threads", threads_now.size()));
  return arrival;
}

}  // namespace

ChildAnswer with_loaded(const Subject& subject, const ArrivalWork& work) {
  std::optional<Arrival> arrival;  // set in the child; this one stays empty
  ChildLimits limits;
  limits.memory_bytes = memory_bytes;
  limits.time = subject.time;
  limits.before = [&](Doing& doing) {
    doing.now("loading it");
    arrival = arrive(subject);
    doing.now("");
  };
  ChildAnswer answer;
  const auto confined = run_confined(
      subject.metadata.name, limits, [&](Doing& doing) { return packed(work(*arrival, doing)); },
      &answer.end);
  if (!confined) {
    answer.report.result = RuleResult::failed(one_line(confined.error().message));
    return answer;
  }
  auto report = unpacked(confined->answer);
  answer.answered = report.has_value();
  answer.report = report ? std::move(*report)
                         : Report{RuleResult::failed("its child gave an answer that is none"), {}};
  return answer;
}

ChildAnswer with_registered(const Subject& subject, const PluginWork& work) {
  return with_loaded(subject, [&](const Arrival& arrival, Doing& doing) -> Report {
    if (!arrival.descriptor) return {RuleResult::failed(arrival.descriptor.error().message), {}};
    doing.now("its register function");
    const auto all = register_checked(subject.metadata, (*arrival.descriptor)->register_plugin);
    if (!all) return {RuleResult::failed(all.error().message), {}};
    doing.now("");
    return work(*all, doing);
  });
}

std::vector<std::string> announced(const Subject& subject,
                                   const std::vector<std::string_view>& kinds) {
  std::vector<std::string> found;
  for (const std::string& item : subject.metadata.provides)
    if (std::ranges::find(kinds, std::string_view(item).substr(0, item.find(':'))) != kinds.end())
      found.push_back(item);
  return found;
}

}  // namespace kxf::conformance
