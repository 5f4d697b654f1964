// SPDX-License-Identifier: Apache-2.0
//
// The finished plan against everything that a load must keep out of, whatever memory sources the
// profile chose: with `iomem` alone, RTAS and OPAL are plain System RAM. And against what the
// running kernel refuses itself, with the reason that its errno (ETXTBSY) does not give.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ppc64/cpus.hpp"
#include "ppc64/memory_nodes.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/reserved.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view check_name = "ppc64-exclusions";
constexpr std::string_view choose_sources =
    "leave memory.sources to kxf, or reserve that memory with [[memory.reserve]]";

BoardFinding refusal(std::string text, std::string_view remedy) {
  return {true, std::string(check_name), std::move(text), std::string(remedy)};
}

BoardFinding refusal(Error error) {
  return {true, std::string(check_name), std::move(error.message), std::move(error.remedy)};
}

/// Does the exclusion forbid this load?
bool counts(const MemoryRange& range, bool crash) {
  return range.kind != MemoryKind::ram &&
         !(crash && (range.kind == MemoryKind::crash_kernel || range.label == "/memreserve/"));
}

std::string describe(const Segment& segment, const MemoryRange& range) {
  if (range.label == running_kernel_label)
    return fmt::format(
        "segment {} ({}) begins below the running kernel's end {}, where kexec_load "
        "refuses it (ETXTBSY)",
        segment.name, to_text(segment.range), hex(range.range.end));
  if (range.label.starts_with("TCE table"))
    return fmt::format("segment {} ({}) overlaps {} ({}), where kexec_load refuses it (ETXTBSY)",
                       segment.name, to_text(segment.range), range.label, to_text(range.range));
  return fmt::format("segment {} ({}) overlaps {} ({})", segment.name, to_text(segment.range),
                     range.label, to_text(range.range));
}

void check_memory(const Machine& machine, const DeviceTree& tree, const PlanParts& parts,
                  std::vector<BoardFinding>& findings) {
  Record unused;
  auto reserved = reserved_memory(machine, tree, unused);
  if (!reserved) return findings.push_back(refusal(std::move(reserved).error()));
  std::optional<Range> reach;
  if (platform_of(tree) == Platform::lpar) {
    auto lowest = lowest_memory(tree);
    if (!lowest) return findings.push_back(refusal(std::move(lowest).error()));
    reach = *lowest;
  }
  for (const Segment& segment : parts.segments) {
    for (const MemoryRange& range : *reserved)
      if (counts(range, parts.crash) && range.range.overlaps(segment.range)) {
        findings.push_back(refusal(describe(segment, range), choose_sources));
        break;
      }
    if (reach && !reach->contains(segment.range))
      findings.push_back(refusal(
          fmt::format("segment {} ({}) is not inside the real mode area {}, the only memory "
                      "that the CPU reaches with the MMU off",
                      segment.name, to_text(segment.range), to_text(*reach)),
          "leave less memory reserved in the real mode area, or use smaller images"));
  }
}

/// A kernel finds the CPU that it runs on by the tree; the others it only loses. Which CPU a crash
/// kernel will run on nobody knows: the one that panics.
void check_cpus(const Machine& machine, const DeviceTree& next, bool crash,
                std::vector<BoardFinding>& findings) {
  const std::vector<Thread> threads = present_threads(machine);
  const auto jumping = jumping_thread(machine);
  const std::vector<std::uint64_t> known = all_server_numbers(next);
  std::vector<unsigned> missing;
  for (const Thread& thread : threads) {
    if (!thread.hardware || !thread.online.value_or(false) ||
        std::find(known.begin(), known.end(), *thread.hardware) != known.end())
      continue;
    if (crash)
      return findings.push_back(refusal(
          fmt::format("the number {} of CPU {} is not in the next device tree: when the running "
                      "kernel panics there, the crash kernel does not find the CPU it runs on and "
                      "stops at once",
                      hex(*thread.hardware), thread.logical),
          "use a device tree with all CPUs"));
    if (jumping && thread.logical == jumping->logical)
      findings.push_back(refusal(
          fmt::format("CPU {} makes the jump, and its number {} is not in the next device tree: a "
                      "kernel that does not find the CPU it runs on stops at once",
                      thread.logical, hex(*thread.hardware)),
          "use a device tree with that CPU, or write a CPU that it has to /sys/kernel/reboot/cpu"));
    else
      missing.push_back(thread.logical);
  }
  if (!missing.empty())
    findings.push_back({false, "cpus-not-in-next-tree",
                        fmt::format("the running kernel has CPUs that the next device tree lacks "
                                    "(CPU {}): the next kernel does not start them",
                                    fmt::join(missing, ", ")),
                        "use a device tree with all CPUs"});
}

class ExclusionsCheck final : public BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return check_name; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "refuses plans that touch memory of firmware or of the running kernel, or leave the "
           "real mode area";
  }

  [[nodiscard]] std::vector<BoardFinding> check(const Machine& machine,
                                                const LoadPlan& plan) const noexcept override {
    const PlanParts& parts = plan.parts();
    const DeviceTree* const tree = machine.device_tree();
    if (parts.arch != architecture().name() || parts.backend != Backend::kexec_load ||
        tree == nullptr)
      return {};
    std::vector<BoardFinding> findings;
    check_memory(machine, *tree, parts, findings);
    if (const Segment* const segment = plan.segment("dtb")) {
      auto next = DeviceTree::parse(segment->bytes.view(), "the next device tree");
      if (next)
        check_cpus(machine, *next, parts.crash, findings);
      else
        findings.push_back(refusal(std::move(next).error()));
    }
    return findings;
  }
};

}  // namespace

const BoardCheck& exclusions_check() {
  static const ExclusionsCheck check;
  return check;
}

}  // namespace kxf::ppc64
