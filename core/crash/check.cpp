// SPDX-License-Identifier: Apache-2.0
#include "crash/check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "crash/capacity.hpp"
#include "kxf/cpu.hpp"

namespace kxf {
namespace {

/// Does the running kernel rewrite the header when such devices come and go? Its own word counts,
/// which is about the crash kernel that is loaded (crash_hotplug, Linux 6.6); else what was found
/// when that was loaded.
bool kernel_updates(const Machine& machine, std::string_view devices, const CrashPlan& plan) {
  const auto said = machine.read_text(fmt::format("/sys/devices/system/{}/crash_hotplug", devices));
  return said ? *said == "1" : plan.kernel_updates;
}

constexpr std::string_view updates_itself = "; the kernel has put it into the core header itself";

/// `CPU 3`, `CPUs 4 to 7 and 9`.
std::string cpus_text(const std::set<unsigned>& cpus) {
  std::vector<std::string> runs;
  for (auto at = cpus.begin(); at != cpus.end();) {
    const unsigned first = *at;
    unsigned last = first;
    for (++at; at != cpus.end() && *at == last + 1; ++at) last = *at;
    runs.push_back(first == last ? fmt::format("{}", first) : fmt::format("{} to {}", first, last));
  }
  const std::string text = fmt::format("{}", fmt::join(runs, ", "));
  return (cpus.size() == 1 ? "CPU " : "CPUs ") + text;
}

class Checker {
 public:
  Checker(const Machine& machine, const ArmedCrash& armed)
      : machine_(machine), armed_(armed), plan_(armed.kernel.plan) {}

  void look_at_regions(const ListedMemory& memory, const KexecStatus& status) {
    const bool listed = !memory.crash_regions.empty();
    if (listed && memory.crash_regions != plan_.regions)
      harm("crash-region-changed",
           fmt::format("the memory that is reserved for crash kernels is {} now, and was {}",
                       to_text(memory.crash_regions), to_text(plan_.regions)),
           arm_again);
    // What the kernel says is the size of one region; that of a second one is not told.
    CrashCapacity capacity = plan_.capacity;
    if (!listed && plan_.regions.ranges().size() == 1 && status.crash_size_bytes)
      capacity.region_bytes = *status.crash_size_bytes;
    if (!capacity.enough())
      harm("crash-region-small", to_text(capacity), crashkernel_remedy(capacity.needed_bytes()));
  }

  void look_at_memory(const ListedMemory& memory) {
    const bool updated = kernel_updates(machine_, "memory", plan_);
    const RangeSet added = memory.used_as_ram.minus(armed_.machine.used_as_ram)
                               .minus(plan_.regions)
                               .minus(plan_.dumped);
    if (!added.empty())
      difference(
          "crash-memory-added",
          fmt::format("memory was added: {} ({})", to_text(added), size_text(added.size_bytes())),
          updated, "; a dump will not hold it");
    const RangeSet removed =
        armed_.machine.used_as_ram.minus(memory.used_as_ram).intersected(plan_.dumped);
    if (!removed.empty())
      difference("crash-memory-removed",
                 fmt::format("memory was removed: {} ({})", to_text(removed),
                             size_text(removed.size_bytes())),
                 updated, "; to read it for a dump may end the crash kernel");
  }

  Status look_at_cpus() {
    if (plan_.notes.vmcoreinfo.empty()) {
      harm("crash-facts",
           "when the crash kernel was loaded it was not known where the running kernel writes the "
           "registers of its CPUs: nobody can tell whether it still fits",
           "arm it again as root with \"kxf load --crash\"");
      return {};
    }
    KXF_TRY(now, crash_notes(machine_));
    const bool updated = kernel_updates(machine_, "cpu", plan_);
    std::map<unsigned, Range> before;
    for (const CpuNotes& each : plan_.notes.cpus) before.emplace(each.cpu, each.where);
    std::set<unsigned> came;
    std::set<unsigned> moved;
    for (const CpuNotes& each : now.cpus) {
      const auto known = before.find(each.cpu);
      if (known == before.end())
        came.insert(each.cpu);
      else if (known->second != each.where)
        moved.insert(each.cpu);
      if (known != before.end()) before.erase(known);
    }
    // A CPU may have notes long before it is there.
    const std::vector<unsigned>& then = armed_.machine.cpus_present;
    const std::set<unsigned> known_cpus(then.begin(), then.end());
    if (const auto present = cpu_list(machine_, "present"); present && !then.empty())
      for (const unsigned cpu : *present)
        if (!known_cpus.contains(cpu)) came.insert(cpu);
    std::set<unsigned> gone;
    for (const auto& [cpu, where] : before) gone.insert(cpu);

    if (!came.empty())
      difference("crash-cpus-added", fmt::format("{} came", cpus_text(came)), updated,
                 "; the crash kernel knows nothing of it: its registers may be missing in a dump, "
                 "and a crash there may end without one");
    if (!moved.empty())
      difference("crash-notes-moved",
                 fmt::format("{} writes its registers elsewhere now", cpus_text(moved)), updated,
                 "; a dump would have something else in their place");
    if (!gone.empty())
      harmless("crash-cpus-removed",
               fmt::format("{} went; the place of its registers stays empty", cpus_text(gone)));
    if (now.vmcoreinfo != plan_.notes.vmcoreinfo)
      harm("crash-vmcoreinfo-moved",
           fmt::format("VMCOREINFO is at {} now, and was at {}: no program could read the dump",
                       to_text(now.vmcoreinfo), to_text(plan_.notes.vmcoreinfo)),
           arm_again);
    return {};
  }

  [[nodiscard]] CrashCheck result() && {
    const bool harmed = std::ranges::any_of(
        findings_, [](const CrashFinding& finding) { return !finding.remedy.empty(); });
    return {harmed ? CrashVerdict::unable : CrashVerdict::able, std::move(findings_)};
  }

 private:
  void harm(std::string id, std::string text, std::string remedy) {
    findings_.push_back({std::move(id), std::move(text), std::move(remedy)});
  }
  void harmless(std::string id, std::string text) {
    findings_.push_back({std::move(id), std::move(text), {}});
  }
  /// What does harm unless the kernel takes care of it.
  void difference(std::string id, const std::string& text, bool updated, std::string_view cost) {
    if (updated)
      harmless(std::move(id), fmt::format("{}{}", text, updates_itself));
    else
      harm(std::move(id), fmt::format("{}{}", text, cost), arm_again);
  }

  const Machine& machine_;
  const ArmedCrash& armed_;
  const CrashPlan& plan_;
  std::vector<CrashFinding> findings_;
};

CrashCheck not_armed(const KexecStatus& status, bool remembered) {
  CrashFinding finding{"crash-not-armed", "no crash kernel is loaded",
                       "arm one with \"kxf load --crash\""};
  if (!status.crash_support) {
    finding.text += ", and the running kernel cannot have one";
    finding.remedy = "boot the first kernel with CONFIG_KEXEC and CONFIG_CRASH_DUMP";
    return {CrashVerdict::not_armed, {std::move(finding)}};
  }
  if (remembered) finding.text += " any more: another program has unloaded it";
  if (status.crash_size_bytes == 0) {
    finding.text += ", and no memory is reserved for one";
    finding.remedy =
        "boot the running kernel with crashkernel=256M or what fits this machine, "
        "then arm one with \"kxf load --crash\"";
  }
  return {CrashVerdict::not_armed, {std::move(finding)}};
}

}  // namespace

std::string_view name_of(CrashVerdict verdict) {
  switch (verdict) {
    case CrashVerdict::able: return "able";
    case CrashVerdict::unable: return "unable";
    case CrashVerdict::unknown: return "unknown";
    case CrashVerdict::not_armed: break;
  }
  return "not-armed";
}

Result<CrashCheck> check_crash(const Machine& machine, const KexecStatus& status,
                               const std::optional<ArmedCrash>& armed) {
  if (!status.crash_loaded) return not_armed(status, armed.has_value());
  if (!armed)
    return CrashCheck{CrashVerdict::unknown,
                      {{"crash-armed-by-other",
                        "a crash kernel is loaded, but not by \"kxf load --crash\" in this boot: "
                        "nothing is known of it",
                        arm_again}}};
  Checker checker(machine, *armed);
  KXF_TRY(memory, listed_memory(machine));
  checker.look_at_regions(memory, status);
  checker.look_at_memory(memory);
  KXF_CHECK(checker.look_at_cpus());
  return std::move(checker).result();
}

}  // namespace kxf
