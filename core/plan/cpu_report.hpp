// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Can the CPUs be handed to the next kernel?

#include "kxf/cpu_enable_method.hpp"
#include "kxf/record.hpp"
#include "plugin/registry.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// Match the CPUs of the running and the next tree by hardware id and ask each one's enable
/// method; `default_method` is that of CPUs that name none (ArchitectureTraits::enable_method).
/// A tree without CPUs (ACPI) gives an empty report and no warning.
/// Warnings or errors, as `cpus.mismatch` says: a CPU whose method differs between the trees, is
/// not allowed by the profile or known to no plugin, or that the next tree lacks.
/// A CPU that is judged unsound is left in the report: check_cpus() refuses it.
[[nodiscard]] Result<CpuReport> report_cpus(const Machine& machine, const DeviceTree* running,
                                            const DeviceTree& next, std::string_view default_method,
                                            const Registry& registry, const Policy& policy,
                                            Record& record);

/// Refuse a normal load whose CPUs cannot be handed over: the kernel would answer EBUSY, or the
/// CPUs would run wild after the jump. Crash loads are exempt, as they are in the kernel.
/// Errors: the first unsound CPU's reason.
[[nodiscard]] Status check_cpus(const CpuReport& report, bool crash);

/// Are several CPUs possible, and can none be taken down? What the running kernel can take down has
/// a switch for it in sysfs. A CPU that is offline (maxcpus=) or was never started stays possible.
[[nodiscard]] bool cpus_stuck(const Machine& machine);

/// What helps then: fewer possible CPUs, or another way to start them.
inline constexpr std::string_view stuck_remedy =
    "boot the running kernel with nr_cpus=1 (nosmp and maxcpus=1 do not help), use firmware that "
    "takes CPUs back, or set cpus.kernel-returns-cpus where the running kernel returns them";

/// Predict what a kernel answers that must stop its CPUs (ArchitectureTraits::must_stop_cpus).
/// Errors: EBUSY, with the advice that works. Crash loads are exempt, as they are in the kernel,
/// and kernels that the profile vouches for.
[[nodiscard]] Status check_stuck(const Machine& machine, const Policy& policy, Record& record);

}  // namespace kxf
