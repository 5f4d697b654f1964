// SPDX-License-Identifier: Apache-2.0
#pragma once

/// May this process load a kernel here? Asked before the work of planning, so that the answer does
/// not come as a bare EPERM at its end.

#include <optional>

#include "kxf/machine.hpp"
#include "kxf/plan.hpp"

namespace kxf {

enum class Lockdown : std::uint8_t { none, integrity, confidentiality };
[[nodiscard]] std::string_view name_of(Lockdown lockdown);

/// From /sys/kernel/security/lockdown; none when it is not there or securityfs is not mounted.
[[nodiscard]] Lockdown lockdown_of(const Machine& machine);

/// Does this process have CAP_SYS_BOOT? From /proc/self/status; nothing when that is unreadable.
[[nodiscard]] std::optional<bool> may_boot(const Machine& machine);

/// How often a kernel may still be loaded (kernel.kexec_load_limit_reboot and _panic, Linux 6.3);
/// nothing when there is no limit.
[[nodiscard]] std::optional<std::uint64_t> loads_left(const Machine& machine, bool crash);

/// Errors: the process lacks CAP_SYS_BOOT. `what` starts the message: "unloading a kernel".
[[nodiscard]] Status check_permission(const Machine& machine, std::string_view what);

/// Errors: kexec is disabled (kernel.kexec_load_disabled), its load limit is used up, the process
/// lacks CAP_SYS_BOOT.
[[nodiscard]] Status check_may_load(const Machine& machine, bool crash);

/// Also: the kernel lacks this system call, or is locked down and it is kexec_load.
[[nodiscard]] Status check_may_load(const Machine& machine, bool crash, Backend backend);

}  // namespace kxf
