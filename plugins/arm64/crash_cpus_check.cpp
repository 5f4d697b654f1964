// SPDX-License-Identifier: Apache-2.0
//
// A crash load is taken also where Linux cannot get its other CPUs back: they save their registers
// and then stay in a loop of the crashed kernel, whose memory the crash kernel leaves alone. Linux
// says "Some CPUs may be stale" on its way out (machine_kexec() in arch/arm64/kernel). The crash
// kernel runs on one CPU and does not get the others: their release words lead nowhere by then.
#include <fmt/format.h>

#include <algorithm>

#include "arm64/arm64.hpp"

namespace kxf::arm64 {
namespace {

class CrashCpusCheck final : public BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "crash-cpus-stay"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "warns when a crash kernel will find CPUs that it cannot start";
  }

  [[nodiscard]] std::vector<BoardFinding> check(const Machine& machine,
                                                const LoadPlan& plan) const noexcept override {
    const PlanParts& parts = plan.parts();
    if (!parts.crash || parts.arch != architecture().name()) return {};
    const auto possible = cpu_list(machine, "possible");
    if (possible && possible->size() < 2) return {};
    const auto spinning = std::count_if(
        parts.cpus.cpus.begin(), parts.cpus.cpus.end(),
        [](const CpuState& cpu) { return spin_table().handles(cpu.node.enable_method); });
    const bool parked = parking().assess_firmware({machine, std::nullopt, false}).has_value();
    if (spinning < 2 && !parked) return {};
    return {{false, std::string(name()),
             fmt::format("CPUs that the running kernel started ({}) stay in its code when it "
                         "crashes, and Linux then says \"Some CPUs may be stale\": the dump has "
                         "their registers, but the crash kernel can use one CPU only",
                         parked ? "ACPI parking protocol" : "spin-table"),
             "leave nr_cpus=1 on the crash kernel's command line, or it waits for each of them"}};
  }
};

}  // namespace

const BoardCheck& crash_cpus_check() {
  static const CrashCpusCheck check;
  return check;
}

}  // namespace kxf::arm64
