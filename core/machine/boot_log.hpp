// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The lines of the kernel's log that planning looks at.

#include <string>
#include <string_view>

#include "kxf/result.hpp"

namespace kxf {

/// Those lines of `log` (as syslog(2) gives it: `<6>[    0.000000] message`) that name GIC tables,
/// EFI, spin-table, CPUs, the machine model, crashkernel or kexec.
[[nodiscard]] std::string relevant_lines(std::string_view log);

/// relevant_lines() of the running kernel.
/// Errors: the log is not for this user (kernel.dmesg_restrict), or there is none.
[[nodiscard]] Result<std::string> live_boot_log();

}  // namespace kxf
