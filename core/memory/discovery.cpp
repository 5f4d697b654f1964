// SPDX-License-Identifier: Apache-2.0
#include "memory/discovery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "memory/page_size.hpp"

namespace kxf {

namespace {

/// A warning names this many ranges at most.
constexpr std::size_t max_named_ranges = 4;

/// What one source said about RAM.
struct RamOpinion {
  std::string source;
  RangeSet ram;
};

RangeSet ram_of(const std::vector<MemoryRange>& ranges) {
  std::vector<Range> ram;
  for (const MemoryRange& each : ranges)
    if (each.kind == MemoryKind::ram) ram.push_back(each.range);
  return RangeSet(std::move(ram));
}

/// What nobody may use anyway: there is nothing to disagree about there. The kernel keeps memory
/// that firmware reserves out of its RAM, while the tree's memory nodes include it.
RangeSet forbidden(const std::vector<MemoryRange>& ranges) {
  std::vector<Range> found;
  for (const MemoryRange& each : ranges)
    if (each.kind == MemoryKind::reserved || each.kind == MemoryKind::no_map)
      found.push_back(each.range);
  return RangeSet(std::move(found));
}

std::string list_text(const RangeSet& set) {
  std::string text;
  for (std::size_t i = 0; i < set.ranges().size(); ++i) {
    if (i == max_named_ranges)
      return text + fmt::format(" and {} more", set.ranges().size() - max_named_ranges);
    const Range& range = set.ranges()[i];
    text +=
        fmt::format("{}{} ({})", i == 0 ? "" : ", ", to_text(range), size_text(range.size_bytes()));
  }
  return text;
}

/// Notes the differences between the source whose RAM counts and a later one.
class Comparison {
 public:
  Comparison(const RamOpinion& first, const RangeSet& undisputed, std::uint64_t page_size_bytes)
      : first_(first), undisputed_(undisputed), page_size_bytes_(page_size_bytes) {}

  void with(const RamOpinion& later, std::vector<MemoryDisagreement>& disagreements,
            Record& record) const {
    const RangeSet missing = difference(first_.ram, later.ram);
    const RangeSet extra = difference(later.ram, first_.ram);
    for (const Range& range : missing)
      disagreements.push_back({range, first_.source, later.source});
    for (const Range& range : extra) disagreements.push_back({range, later.source, first_.source});
    if (missing.empty() && extra.empty()) {
      record.decide("memory", fmt::format("{} agrees with {}", later.source, first_.source),
                    "both list the same RAM outside reserved memory");
      return;
    }
    std::string text = fmt::format("{} and {} disagree about RAM: ", first_.source, later.source);
    if (!missing.empty())
      text += fmt::format("only {} lists {}", first_.source, list_text(missing));
    if (!extra.empty())
      text += fmt::format("{}only {} lists {}", missing.empty() ? "" : "; ", later.source,
                          list_text(extra));
    text +=
        ". None of it is used; to trust one of them, name it alone in the profile's memory "
        "sources";
    record.warn("memory-disagreement", std::move(text));
  }

 private:
  /// Kernels list whole pages only, so a page that is not whole is no contradiction.
  [[nodiscard]] RangeSet difference(const RangeSet& said, const RangeSet& denied) const {
    return said.trimmed_to(page_size_bytes_).minus(denied).minus(undisputed_);
  }

  const RamOpinion& first_;
  const RangeSet& undisputed_;
  std::uint64_t page_size_bytes_;
};

/// What all sources said, as it comes in.
struct Answers {
  std::vector<MemoryRange> ranges;
  std::vector<std::string> asked;  ///< the sources that might list RAM
  std::vector<RamOpinion> opinions;
  std::vector<std::string> silences;  ///< `dt: the device tree has no memory node`
};

Status ask(const MemorySource& source, const Machine& machine, Answers& answers, Record& record) {
  const std::string name(source.name());
  auto findings = source.discover(machine, record);
  if (!findings) return pass(std::move(findings), fmt::format("memory source {}", name));
  RangeSet ram = ram_of(findings->ranges);
  if (!source.reservations_only()) answers.asked.push_back(name);
  if (source.reservations_only() && ram.empty()) {
    answers.silences.push_back(fmt::format("{}: it lists reservations only", name));
  } else if (ram.empty()) {
    const std::string reason = findings->silence.empty() ? "it lists no RAM" : findings->silence;
    record.decide("memory", fmt::format("no RAM from {}", name), reason);
    answers.silences.push_back(fmt::format("{}: {}", name, reason));
  } else {
    answers.opinions.push_back({name, std::move(ram)});
  }
  for (MemoryRange& range : findings->ranges) {
    range.source = name;
    answers.ranges.push_back(std::move(range));
  }
  return {};
}

}  // namespace

Result<MemorySurvey> survey_memory(const Machine& machine,
                                   std::span<const MemorySource* const> sources,
                                   const std::vector<MemoryRange>& reserved, Record& record) {
  Answers answers;
  for (const MemorySource* const source : sources)
    KXF_CHECK(ask(*source, machine, answers, record));
  for (MemoryRange range : reserved) {
    if (range.source.empty()) range.source = "profile";
    answers.ranges.push_back(std::move(range));
  }
  if (answers.opinions.empty())
    return MemorySurvey{
        MemoryMap(std::move(answers.ranges), {}),
        Error{sources.empty() ? "no memory source is selected"
                              : fmt::format("no memory source lists RAM ({})",
                                            fmt::join(answers.silences, "; ")),
              "run as root, or name a memory source in the profile that knows this machine"}};

  const RamOpinion& first = answers.opinions.front();
  record.decide("memory", fmt::format("RAM from {}", first.source),
                fmt::format("the first of {} that lists any: {} in {} range{}",
                            fmt::join(answers.asked, ", "), size_text(first.ram.size_bytes()),
                            first.ram.ranges().size(), first.ram.ranges().size() == 1 ? "" : "s"));
  const RangeSet undisputed = forbidden(answers.ranges);
  const Comparison comparison(first, undisputed, page_size_or_default(machine));
  std::vector<MemoryDisagreement> disagreements;
  for (std::size_t i = 1; i < answers.opinions.size(); ++i)
    comparison.with(answers.opinions[i], disagreements, record);
  return MemorySurvey{MemoryMap(std::move(answers.ranges), std::move(disagreements)), std::nullopt};
}

Result<MemoryMap> discover_memory(const Machine& machine,
                                  std::span<const MemorySource* const> sources,
                                  const std::vector<MemoryRange>& reserved, Record& record) {
  KXF_TRY(survey, survey_memory(machine, sources, reserved, record));
  if (survey.no_ram) return tl::unexpected(std::move(*survey.no_ram));
  return std::move(survey.map);
}

}  // namespace kxf
