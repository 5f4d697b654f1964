// SPDX-License-Identifier: Apache-2.0
#include "load/load_record.hpp"

#include <fmt/format.h>

#include "load/record_file.hpp"
#include "text/json.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;
constexpr const char* reload = "load the kernel again with \"kxf load\"";

fs::path file_in(const fs::path& directory) { return directory / "loaded.json"; }

}  // namespace

Status remember_load(const Machine& machine, const ReadyPlan& plan, const LoadOutcome& outcome,
                     const fs::path& directory) {
  // What was remembered is of another load from here on, whatever happens.
  forget_load(directory);
  KXF_TRY(memory, listed_memory(machine));
  Json segments = Json::array();
  for (const ReadySegment& segment : plan.segments)
    segments.push_back({{"name", segment.name},
                        {"start", hex(segment.range.start)},
                        {"end", hex(segment.range.end)}});
  return write_record(machine, file_in(directory),
                      {{"backend", name_of(outcome.backend)},
                       {"entry", hex(plan.entry)},
                       {"segments", std::move(segments)},
                       {"command_line", plan.command_line},
                       {"ram", json_of(memory.ram)}});
}

void forget_load(const fs::path& directory) { remove_record(file_in(directory)); }

Status check_load_record(const Machine& machine, Record& record, const fs::path& directory) {
  const fs::path path = file_in(directory);
  const auto none = [&](std::string_view why) {
    record.warn("no-load-record",
                fmt::format("{}: whether memory has changed since the kernel was loaded cannot be "
                            "checked; load with \"kxf load\"",
                            why));
    return Status();
  };
  KXF_TRY(text, read_record(path));
  if (!text) return none(fmt::format("there is no \"{}\"", path.native()));
  KXF_TRY(object, parse_record(*text, path, reload));
  if (!is_of_this_boot(object, machine))
    return none(fmt::format("\"{}\" is of an earlier boot", path.native()));
  const std::optional<RangeSet> before = ranges_of(object.value("ram", Json()));
  if (!before) return damaged_record(path, reload);

  KXF_TRY(now, listed_memory(machine));
  const RangeSet gone = before->minus(now.ram);
  if (!gone.empty())
    return refuse(fmt::format("memory was removed after the kernel was loaded: {}", to_text(gone)),
                  reload);
  const RangeSet added = now.ram.minus(*before);
  if (!added.empty())
    record.warn("memory-added", fmt::format("memory was added after the kernel was loaded, and the "
                                            "next kernel may not see it: {}",
                                            to_text(added)));
  return {};
}

}  // namespace kxf
