// SPDX-License-Identifier: Apache-2.0
#include "plan/crash_survey.hpp"

#include <fmt/format.h>

#include "load/status.hpp"
#include "memory/page_size.hpp"

namespace kxf {
namespace {

/// The kernel takes the highest region for the crash kernel; one below it is there for devices that
/// cannot reach further (crashkernel=,high and ,low).
Result<Range> home_of(const Machine& machine, const RangeSet& regions,
                      const CrashCapacity& capacity) {
  // Such a kernel takes no notice of crashkernel=.
  const Result<KexecStatus> status = kexec_status(machine);
  if (regions.empty() && status && !status->crash_support)
    return refuse(fmt::format("the running kernel has no crash support: it has reserved no memory "
                              "for a crash kernel, and can load none (this one needs {})",
                              size_text(capacity.needed_bytes())),
                  "boot a first kernel with CONFIG_KEXEC and CONFIG_CRASH_DUMP, and crashkernel=");
  if (regions.empty())
    return refuse(fmt::format("no memory is reserved for a crash kernel, and this one needs {}",
                              size_text(capacity.needed_bytes())),
                  crashkernel_remedy(capacity.needed_bytes()));
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
                                 const Blob& initrd, const Policy& policy, Record& record) {
  CrashSurvey survey;
  survey.plan.regions = question.memory.crash_regions();
  const std::uint64_t page_size =
      question.kernel.page_size_bytes.value_or(page_size_or_default(question.machine));
  survey.plan.capacity = {0, question.kernel.memory_size + initrd.size_bytes(), initrd.size_bytes(),
                          initrd_files(initrd.view(), page_size),
                          policy.crash_working_memory.value};
  KXF_TRY(home, home_of(question.machine, survey.plan.regions, survey.plan.capacity));
  survey.plan.home = home;
  survey.plan.capacity.region_bytes = home.size_bytes();
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
  const auto wanted = updated_core_header_size(question.machine);
  if (!wanted || !architecture.traits().hotplug_rewrites_tree) survey.layout.tree_room_bytes = 0;
  survey.plan.dumped = dumped_memory(question.memory, survey.layout);

  // Placeholder or not, the backup splits the same range.
  KXF_TRY(bytes, core_header_bytes(survey, question.machine.facts().endian, survey.layout.backup));
  survey.header_room = bytes.size();
  if (wanted) {
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

Status check_capacity(const CrashCapacity& capacity, const Policy& policy, Record& record) {
  record.decide("crash", to_text(capacity), policy.crash_working_memory.origin);
  if (capacity.enough()) return {};
  const std::string remedy = crashkernel_remedy(capacity.needed_bytes());
  if (policy.crash_on_small_region.value == OnSmallRegion::refuse)
    return refuse(fmt::format("{} ({})", to_text(capacity), policy.crash_on_small_region.origin),
                  remedy);
  record.warn("crash-region-small", fmt::format("{}; {}", to_text(capacity), remedy));
  return {};
}

}  // namespace kxf
