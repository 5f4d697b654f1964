// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a process does to itself before it runs code that it does not trust. Nothing of this can be
/// taken back: only for a child that was forked for it.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kxf/result.hpp"
#include "sandbox/run_confined.hpp"

namespace kxf {

/// Close every descriptor but these.
void close_others(std::span<const int> kept);

/// Give up everything but computing, and writing to `channel`. `on_forbidden_call` is told the
/// number of a system call that is not allowed, in a signal handler, and must not return.
/// Returns what the running kernel cannot confine.
/// Errors: a kernel that has a means of confinement and refuses it.
[[nodiscard]] Result<std::vector<std::string>> confine_self(const ChildLimits& limits, int channel,
                                                            void (*on_forbidden_call)(int));

}  // namespace kxf
