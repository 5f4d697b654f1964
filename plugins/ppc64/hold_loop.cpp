// SPDX-License-Identifier: Apache-2.0
//
// How the CPUs that do not make the jump get from one kernel to the next. Before it leaves, the
// running kernel brings every present CPU online that is not (an offline one sleeps in its code),
// then takes them all out of their work (kexec_prepare_cpus() in arch/powerpc/kexec/core_64.c).
// Under a hypervisor they wait in a loop of its last page until address 0 holds the first 0x100
// bytes of what is loaded, and go to 0x60 there: the next kernel's own hold loop. On PowerNV each
// gives itself back to OPAL instead and is started by the next kernel like at power-on.
//
// Trees of these machines name no enable-method; Architecture's traits call this one spin-0x60.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ppc64/cpus.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"

namespace kxf::ppc64 {
namespace {

CpuAssessment judge(CpuVerdict verdict, std::string reason, std::string remedy = {}) {
  return {verdict, std::move(reason), {}, std::move(remedy)};
}

/// The threads of this core that the running kernel has. Linux counts them in the order of the
/// tree, as a rule.
std::vector<Thread> own_threads(const CpuQuestion& question) {
  const std::vector<std::uint64_t> servers = server_numbers(question.tree, question.running.path);
  const auto position =
      std::find_if(question.all.begin(), question.all.end(),
                   [&](const CpuNode& each) { return each.path == question.running.path; });
  const auto index = static_cast<std::size_t>(position - question.all.begin());
  return threads_of_core(question.machine, servers, question.running.path, index * servers.size());
}

std::string names_of(const std::vector<unsigned>& cpus) {
  return fmt::format("CPU{} {}", cpus.size() == 1 ? "" : "s", fmt::join(cpus, ", "));
}

/// Firmware starts a bundle on one CPU, and keeps the others until the next kernel asks for them.
CpuAssessment assess_in_firmware(const CpuQuestion& question) {
  if (question.next == nullptr)
    return judge(
        CpuVerdict::unknown,
        fmt::format("{} is not in the next device tree: the next kernel does not start it, "
                    "and stops at once if firmware does",
                    question.running.path));
  return judge(CpuVerdict::ok, "firmware keeps it until the next kernel starts it");
}

CpuAssessment assess_core(const CpuQuestion& question) {
  if (question.from_firmware) return assess_in_firmware(question);
  const std::vector<Thread> own = own_threads(question);
  const auto jumping = jumping_thread(question.machine);
  const bool jumps = jumping && std::any_of(own.begin(), own.end(), [&](const Thread& thread) {
                       return thread.logical == jumping->logical;
                     });
  if (question.next == nullptr) {
    if (jumps)
      return judge(
          CpuVerdict::unsound,
          fmt::format("CPU {} makes the jump, and its core {} is not in the next device "
                      "tree: a kernel that does not find the CPU it runs on stops at once",
                      jumping->logical, question.running.path),
          fmt::format("use a device tree with {}, or the running system's", question.running.path));
    return judge(CpuVerdict::unknown,
                 fmt::format("{} is not in the next device tree: the next kernel does not start it",
                             question.running.path));
  }
  if (!jumping)
    return judge(CpuVerdict::unknown,
                 "this machine does not tell which CPUs the running kernel has and which are "
                 "offline");
  if (own.empty())
    return judge(
        CpuVerdict::unknown,
        fmt::format("{} is in the device tree and absent from the running kernel (nr_cpus=, "
                    "or removed since): where it waits is not known",
                    question.running.path));
  std::vector<unsigned> offline;
  for (const Thread& thread : own)
    if (!thread.online.value_or(true)) offline.push_back(thread.logical);
  if (!offline.empty())
    return judge(
        CpuVerdict::unknown,
        fmt::format("{} offline: the running kernel wakes what is offline before it jumps, "
                    "and where it cannot (SMT switched off) the next kernel lacks it; "
                    "bring it online before the jump",
                    offline.size() == 1 ? names_of(offline) + " is" : names_of(offline) + " are"));
  if (platform_of(question.tree) == Platform::powernv)
    return judge(CpuVerdict::ok,
                 "the running kernel gives it back to OPAL, which starts it for the next one");
  return judge(CpuVerdict::ok,
               "the running kernel sends it to 0x60, where the next kernel's own code holds it");
}

class HoldLoop final : public CpuEnableMethod {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return enable_method_name; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "CPUs that are sent to the next kernel's hold loop at 0x60, or returned to OPAL";
  }
  [[nodiscard]] bool handles(std::string_view enable_method) const noexcept override {
    return enable_method == enable_method_name;
  }
  [[nodiscard]] CpuAssessment assess(const CpuQuestion& question) const noexcept override {
    return assess_core(question);
  }
};

}  // namespace

const CpuEnableMethod& hold_loop() {
  static const HoldLoop method;
  return method;
}

}  // namespace kxf::ppc64
