// SPDX-License-Identifier: Apache-2.0
//
// spin-table: a CPU waits in a loop of the firmware (the pen) until an address appears in its
// release word, and jumps there (Documentation/arch/arm64/booting.rst). There is no way back into
// the pen that Linux knows: once it has released a CPU, that CPU runs code of the running kernel,
// which the next kernel overwrites. So Linux refuses a normal load with EBUSY as soon as more than
// one CPU is *possible* (cpus_are_stuck_in_kernel() in arch/arm64/kernel/smp.c): nosmp and
// maxcpus=1 only keep CPUs from being started, and do not help; nr_cpus=1 does, and leaves the
// other CPUs in the pen for the next kernel.
#include <fmt/format.h>

#include <algorithm>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t smallest_page_bytes = 4096;
constexpr std::uint64_t release_word_bytes = 8;

/// The pages that hold the release word. The pen's code has no address in the tree; by custom it
/// lies next to the words, and a reservation covers both.
Range release_pages(std::uint64_t release_address, const Machine& machine) {
  const std::uint64_t page = std::max(machine.facts().page_size_bytes, smallest_page_bytes);
  const Range word = Range::sized(release_address, release_word_bytes);
  return {align_down(word.start, page), align_up(word.end, page).value_or(UINT64_MAX)};
}

bool is_reserved(const DeviceTree& tree, std::uint64_t address) {
  const auto holds = [address](const Range& range) { return range.contains(address); };
  const std::vector<Range> reserved = tree.memory_reservations();
  if (std::any_of(reserved.begin(), reserved.end(), holds)) return true;
  const std::optional<Node> parent = tree.find("/reserved-memory");
  if (!parent) return false;
  for (const Node& node : parent->children()) {
    const auto ranges = node.physical_reg();
    if (node.is_enabled() && ranges && std::any_of(ranges->begin(), ranges->end(), holds))
      return true;
  }
  return false;
}

/// Another CPU with the same release word; null when there is none.
const CpuNode* sharer(const CpuQuestion& question) {
  for (const CpuNode& other : question.all)
    if (other.path != question.running.path && other.enable_method == "spin-table" &&
        other.release_address == question.running.release_address)
      return &other;
  return nullptr;
}

CpuAssessment assess_cpu(const CpuQuestion& question) {
  const CpuNode& cpu = question.running;
  CpuAssessment result;
  result.verdict = CpuVerdict::unsound;
  if (!cpu.release_address) {
    result.reason = fmt::format("{} has no cpu-release-addr: nothing can start it", cpu.path);
    return result;
  }
  result.keep_out.push_back(release_pages(*cpu.release_address, question.machine));

  if (const CpuNode* other = sharer(question)) {
    result.reason = fmt::format(
        "{} and {} have the same cpu-release-addr {}: whoever starts one starts both, and the one "
        "that was not asked for runs code of a kernel that is gone",
        cpu.path, other->path, hex(*cpu.release_address));
    return result;
  }

  // Linux counts no CPU that its tree does not describe.
  const std::optional<unsigned> possible =
      question.possible || question.all.size() != 1 ? question.possible : 1U;
  if (!possible) {
    result.verdict = CpuVerdict::unknown;
    result.reason =
        "spin-table, and this machine does not tell how many CPUs are possible: with more than one "
        "the running kernel refuses the load (EBUSY)";
    return result;
  }
  if (*possible > 1) {
    result.reason = fmt::format(
        "Linux cannot take a spin-table CPU back: with {} possible CPUs kexec_load answers EBUSY; "
        "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help)",
        *possible);
    return result;
  }
  if (!is_reserved(question.tree, *cpu.release_address)) {
    result.verdict = CpuVerdict::unknown;
    result.reason = fmt::format(
        "the running kernel never started it (one possible CPU), but the tree reserves nothing "
        "around its release word {}: where the firmware's loop lies is not known",
        hex(*cpu.release_address));
    return result;
  }
  result.verdict = CpuVerdict::ok;
  result.reason =
      "the running kernel never started it (one possible CPU): it waits in the firmware's loop, "
      "which the tree reserves";
  return result;
}

class SpinTable final : public CpuEnableMethod {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "spin-table"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "CPUs that wait in a loop of the firmware for a release address";
  }
  [[nodiscard]] bool handles(std::string_view enable_method) const noexcept override {
    return enable_method == "spin-table";
  }
  [[nodiscard]] CpuAssessment assess(const CpuQuestion& question) const noexcept override {
    return assess_cpu(question);
  }
};

}  // namespace

const CpuEnableMethod& spin_table() {
  static const SpinTable method;
  return method;
}

}  // namespace kxf::arm64
