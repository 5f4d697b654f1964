// SPDX-License-Identifier: Apache-2.0
//
// spin-table: a CPU waits in a loop of the firmware (the pen) until an address appears in its
// release word, and jumps there (Documentation/arch/arm64/booting.rst). There is no way back into
// the pen that Linux knows: once it has released a CPU, that CPU runs code of the running kernel,
// which the next kernel overwrites. So Linux refuses a normal load with EBUSY as soon as more than
// one CPU is *possible* (cpus_are_stuck_in_kernel() in arch/arm64/kernel/smp.c): nosmp and
// maxcpus=1 only keep CPUs from being started, and do not help; nr_cpus=1 does, and leaves the
// other CPUs in the pen for the next kernel.
//
// A tree may give a way back, cpu-return-addr: what that promises is docs/spin-table.md. It is
// believed where it is given and never worked out from the firmware's code; that the running kernel
// uses it is the profile's word (cpus.kernel-returns-cpus), since nothing on the machine tells.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

constexpr std::uint64_t smallest_page_bytes = 4096;
constexpr std::uint64_t release_word_bytes = 8;
constexpr std::uint64_t instruction_bytes = 4;

constexpr std::string_view stuck_remedy =
    "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help), give the firmware "
    "PSCI, or set cpus.kernel-returns-cpus where tree and running kernel have a cpu-return-addr";

/// The whole pages around these bytes. The pen's code has no address in the tree; by custom it lies
/// next to the words, and a reservation covers both.
Range pages_of(std::uint64_t address, std::uint64_t bytes, const Machine& machine) {
  const std::uint64_t page = std::max(machine.facts().page_size_bytes, smallest_page_bytes);
  const std::uint64_t end = address > UINT64_MAX - bytes ? UINT64_MAX : address + bytes;
  return {align_down(address, page), align_up(end, page).value_or(UINT64_MAX)};
}

bool any_holds(const std::vector<Range>& ranges, std::uint64_t address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [address](const Range& range) { return range.contains(address); });
}

/// `/memreserve/`, or a node of /reserved-memory, no-map or not.
bool is_reserved(const DeviceTree& tree, std::uint64_t address) {
  if (any_holds(tree.memory_reservations(), address)) return true;
  const std::optional<Node> parent = tree.find("/reserved-memory");
  if (!parent) return false;
  for (const Node& node : parent->children()) {
    const auto ranges = node.physical_reg();
    if (node.is_enabled() && ranges && any_holds(*ranges, address)) return true;
  }
  return false;
}

/// Does the tree list memory, and not here? A release word in a device needs no reservation.
bool is_outside_memory(const DeviceTree& tree, std::uint64_t address) {
  bool any = false;
  for (const Node& node : tree.root().children()) {
    if (node.text("device_type") != "memory" || !node.is_enabled()) continue;
    const auto ranges = node.reg();
    if (!ranges) return false;
    if (any_holds(*ranges, address)) return false;
    any = any || !ranges->empty();
  }
  return any;
}

/// Another CPU with the same release word; null when there is none.
const CpuNode* sharer(const CpuQuestion& question) {
  for (const CpuNode& other : question.all)
    if (other.path != question.running.path && other.enable_method == "spin-table" &&
        other.release_address == question.running.release_address)
      return &other;
  return nullptr;
}

/// CPUs that a kernel may have released. Linux counts none that its tree does not describe.
std::optional<unsigned> possible_cpus(const CpuQuestion& question) {
  if (question.from_firmware) return 1;
  return question.possible || question.all.size() != 1 ? question.possible : 1U;
}

void keep_pen(const CpuQuestion& question, CpuAssessment& result) {
  std::vector<std::string> bare;
  const auto keep = [&](std::uint64_t address, std::uint64_t bytes, std::string_view what) {
    const Range pages = pages_of(address, bytes, question.machine);
    if (std::find(result.keep_out.begin(), result.keep_out.end(), pages) == result.keep_out.end())
      result.keep_out.push_back(pages);
    if (!is_reserved(question.tree, address) && !is_outside_memory(question.tree, address))
      bare.push_back(fmt::format("{} {}", what, hex(address)));
  };
  const CpuNode& cpu = question.running;
  if (cpu.release_address) keep(*cpu.release_address, release_word_bytes, "cpu-release-addr");
  if (cpu.return_address) keep(*cpu.return_address, instruction_bytes, "cpu-return-addr");
  if (bare.empty()) return;
  result.warning = fmt::format(
      "the tree reserves nothing around {}: those pages are kept out of every segment and reserved "
      "in the next tree, but how far the firmware's loop reaches is not known; reserve all of it "
      "in the firmware's tree, or with [[memory.reserve]]",
      fmt::join(bare, " and "));
}

CpuAssessment& judge(CpuAssessment& result, CpuVerdict verdict, std::string reason,
                     std::string_view remedy = {}) {
  result.verdict = verdict;
  result.reason = std::move(reason);
  result.remedy = remedy;
  return result;
}

/// Several CPUs are possible, so the kernel has started them.
CpuAssessment& judge_started(const CpuQuestion& question, unsigned possible,
                             CpuAssessment& result) {
  const CpuNode& cpu = question.running;
  const std::string lost = fmt::format(
      "Linux cannot take a spin-table CPU back: with {} possible CPUs kexec_load answers EBUSY",
      possible);
  if (!question.kernel_returns_cpus)
    return judge(result, CpuVerdict::unsound,
                 cpu.return_address
                     ? lost +
                           ", unless it is one that uses cpu-return-addr, which the profile does "
                           "not say"
                     : lost,
                 stuck_remedy);
  if (!cpu.return_address)
    return judge(result, CpuVerdict::unsound,
                 fmt::format("the profile says that the running kernel returns CPUs, but {} has no "
                             "cpu-return-addr to return to",
                             cpu.path),
                 "give every CPU a cpu-return-addr in the firmware's tree, or boot the running "
                 "kernel with nr_cpus=1");
  return judge(
      result, CpuVerdict::ok,
      fmt::format("the running kernel returns it to {} before the jump, as the profile says",
                  hex(*cpu.return_address)));
}

CpuAssessment assess_cpu(const CpuQuestion& question) {
  const CpuNode& cpu = question.running;
  CpuAssessment result;
  keep_pen(question, result);
  if (!cpu.release_address)
    return judge(result, CpuVerdict::unsound,
                 fmt::format("{} has no cpu-release-addr: nothing can start it", cpu.path),
                 "add cpu-release-addr to the device tree, or give the firmware PSCI");

  const std::optional<unsigned> possible = possible_cpus(question);
  // Where no CPU was ever released, a shared word is what it was at power-on: the next kernel
  // releases all CPUs at once, as the first would have.
  if (const CpuNode* other = sharer(question); other != nullptr && possible != 1U)
    return judge(
        result, CpuVerdict::unsound,
        fmt::format("{} and {} have the same cpu-release-addr {}: whoever starts one starts both, "
                    "and the one that was not asked for runs code of a kernel that is gone",
                    cpu.path, other->path, hex(*cpu.release_address)),
        "give each CPU a cpu-release-addr of its own in the firmware, give the firmware PSCI, or "
        "boot the running kernel with nr_cpus=1");
  if (!possible)
    return judge(result, CpuVerdict::unknown,
                 "spin-table, and this machine does not tell how many CPUs are possible: with more "
                 "than one the running kernel refuses the load (EBUSY)");
  if (*possible > 1) return judge_started(question, *possible, result);
  const std::string_view untouched = question.from_firmware
                                         ? "no kernel has started it (firmware starts the bundle)"
                                         : "the running kernel never started it (one possible CPU)";
  if (!result.warning.empty())
    return judge(result, CpuVerdict::unknown,
                 fmt::format("{}, but the tree reserves nothing around its release word {}: where "
                             "the firmware's loop lies is not known",
                             untouched, hex(*cpu.release_address)));
  return judge(
      result, CpuVerdict::ok,
      fmt::format("{}: it waits in the firmware's loop, which the tree reserves", untouched));
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
