// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the running kernel has loaded.

#include <optional>

#include "kxf/machine.hpp"

namespace kxf {

struct KexecStatus {
  bool loaded = false;                            ///< a kernel to exec
  bool crash_support = false;                     ///< the kernel can have a crash kernel at all
  bool crash_loaded = false;                      ///< a crash kernel
  std::optional<std::uint64_t> crash_size_bytes;  ///< reserved for it; nothing when unknown
};

/// From /sys/kernel/kexec/{loaded,crash_loaded,crash_size} (Linux 6.19), else from
/// /sys/kernel/kexec_{loaded,crash_loaded,crash_size}.
/// Errors: the kernel has no kexec, sysfs is not mounted, what a file says is no number.
[[nodiscard]] Result<KexecStatus> kexec_status(const Machine& machine);

}  // namespace kxf
