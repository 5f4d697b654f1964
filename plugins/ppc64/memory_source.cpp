// SPDX-License-Identifier: Apache-2.0
//
// Memory of a Power system by its device tree. Two things set it apart from other architectures.
// Much of what must be kept out of is in properties that only Power has, and the running kernel
// adds some of them when it is up (linux,kernel-end and others in /chosen). And kexec_load refuses
// what lies below the end of the running kernel, so that memory counts as reserved here.
#include <fmt/format.h>

#include <algorithm>

#include "ppc64/memory_nodes.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/reserved.hpp"

namespace kxf::ppc64 {
namespace {

/// mem= of the running kernel: what is above has no place in its linear map, and it could not copy
/// a segment there.
Status limit_memory(const DeviceTree& tree, std::vector<MemoryRange>& ram, Record& record) {
  KXF_TRY(limit, chosen_number(tree, "linux,memory-limit"));
  if (limit.value_or(0) == 0) return {};
  std::vector<MemoryRange> kept;
  for (MemoryRange& range : ram) {
    range.range.end = std::min(range.range.end, *limit);
    if (!range.range.empty()) kept.push_back(std::move(range));
  }
  ram = std::move(kept);
  record.decide("memory", fmt::format("nothing above {}", hex(*limit)),
                "linux,memory-limit: the running kernel does not map it");
  return {};
}

class TreeSource final : public MemorySource {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return memory_source_name; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "memory nodes, LMBs and all that firmware and the running kernel keep, by the device "
           "tree of a Power system";
  }

  [[nodiscard]] Result<MemoryFindings> discover(const Machine& machine,
                                                Record& record) const noexcept override {
    const DeviceTree* const tree = machine.device_tree();
    if (tree == nullptr) {
      const std::string problem = machine.device_tree_problem();
      return MemoryFindings{{}, problem.empty() ? "this system has no device tree" : problem};
    }
    MemoryFindings findings;
    KXF_TRY(ram, memory_nodes(*tree, record));
    KXF_CHECK(limit_memory(*tree, ram, record));
    if (ram.empty()) findings.silence = "the device tree lists no memory";
    KXF_TRY(reserved, reserved_memory(machine, *tree, record));
    findings.ranges = std::move(ram);
    findings.ranges.insert(findings.ranges.end(), reserved.begin(), reserved.end());
    return findings;
  }
};

}  // namespace

const MemorySource& memory_source() {
  static const TreeSource source;
  return source;
}

}  // namespace kxf::ppc64
