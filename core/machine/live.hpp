// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kxf/machine.hpp"

namespace kxf {

/// The running system. /proc/kcore and /proc/kallsyms read as excerpts (excerpt.hpp) and the boot
/// log as a file (boot_log.hpp), as they do in a capture.
[[nodiscard]] std::unique_ptr<Machine> live_machine();

}  // namespace kxf
