// SPDX-License-Identifier: Apache-2.0
#include "plan/crash_survey.hpp"

#include <fmt/format.h>

namespace kxf {
namespace {

/// The kernel takes the highest region for the crash kernel; one below it is there for devices that
/// cannot reach further (crashkernel=,high and ,low).
Result<Range> home_of(const RangeSet& regions) {
  if (regions.empty())
    return refuse("no memory is reserved for a crash kernel",
                  "boot the running kernel with crashkernel=512M or what fits this machine");
  return regions.ranges().back();
}

std::vector<Range> note_ranges(const CrashNotes& notes) {
  std::vector<Range> ranges;
  ranges.reserve(notes.cpus.size() + 1);
  for (const CpuNotes& cpu : notes.cpus) ranges.push_back(cpu.where);
  ranges.push_back(notes.vmcoreinfo);
  return ranges;
}

}  // namespace

CrashPlaces CrashSurvey::placeholders() const {
  CrashPlaces places{Range::sized(plan.home.start, header_room), plan.regions, plan.home, {}};
  if (layout.backup) places.backup = Range::sized(plan.home.start, layout.backup->size_bytes());
  return places;
}

Result<ByteVector> core_header_bytes(const CrashSurvey& survey, Endian endian,
                                     const std::optional<Range>& backup) {
  return write_core_header({survey.layout.elf_machine, endian, note_ranges(survey.plan.notes),
                            survey.layout.kernel_text,
                            core_loads(survey.plan.dumped, survey.layout, backup)});
}

Result<CrashSurvey> survey_crash(const Architecture& architecture,
                                 const ArchitectureQuestion& question, Backend backend,
                                 const Policy& policy, Record& record) {
  CrashSurvey survey;
  survey.plan.regions = question.memory.crash_regions();
  KXF_TRY(home, home_of(survey.plan.regions));
  survey.plan.home = home;
  survey.plan.working_bytes = policy.crash_working_memory.value;
  record.decide("crash", fmt::format("the crash kernel is in {}", to_text(home)),
                survey.plan.regions.ranges().size() == 1 ? "it is the only crash region"
                                                         : "it is the highest crash region");
  auto notes = crash_notes(question.machine);
  if (backend == Backend::kexec_file_load) {
    survey.plan.dumped = dumped_memory(question.memory, {});
    if (notes)
      survey.plan.notes = std::move(*notes);
    else
      record.warn("crash-facts",
                  fmt::format("{}: kxf check --crash will not see whether the armed kernel still "
                              "fits the running one",
                              notes.error().message));
    return survey;
  }
  if (!notes) return pass(std::move(notes), "core header");
  survey.plan.notes = std::move(*notes);
  auto layout = architecture.crash_layout(question, record);
  if (!layout) return pass(std::move(layout), "core header");
  survey.layout = std::move(*layout);
  survey.plan.dumped = dumped_memory(question.memory, survey.layout);

  // Placeholder or not, the backup splits the same range.
  KXF_TRY(bytes, core_header_bytes(survey, question.machine.facts().endian, survey.layout.backup));
  survey.header_bytes = bytes.size();
  survey.header_room = bytes.size();
  if (const auto wanted = updated_core_header_size(question.machine)) {
    survey.plan.kernel_updates = true;
    survey.header_room = std::max(survey.header_room, *wanted);
    record.decide("crash", fmt::format("{} for the core header", size_text(survey.header_room)),
                  "the running kernel keeps it up to date");
  }
  record.decide(
      "crash",
      fmt::format("a core header of {} CPUs and {} of memory", survey.plan.notes.cpus.size(),
                  size_text(survey.plan.dumped.size_bytes())),
      fmt::format("{} ranges outside the crash regions", survey.plan.dumped.ranges().size()));
  return survey;
}

}  // namespace kxf
