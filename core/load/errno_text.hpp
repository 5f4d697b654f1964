// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What an errno of the kexec system calls means, and what to do about it.

#include <string>
#include <vector>

#include "kxf/machine.hpp"
#include "kxf/plan.hpp"

namespace kxf {

/// `EBUSY (Device or resource busy)`.
[[nodiscard]] std::string errno_name(int error);

enum class KexecCall : std::uint8_t { kexec_load, kexec_file_load, reboot };
[[nodiscard]] std::string_view name_of(KexecCall call);

/// A refused call, explained. `machine` is asked where one errno has several causes: EPERM, EBUSY.
/// `log` is what the kernel logged during the call; it is quoted.
[[nodiscard]] Error explain_errno(KexecCall call, int error, bool crash, const Machine& machine,
                                  const std::vector<std::string>& log);

}  // namespace kxf
