// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/machine.hpp"

namespace kxf {

/// Of the running system. Asking which kexec system calls there are has no effect: see facts.cpp.
[[nodiscard]] MachineFacts live_facts();

}  // namespace kxf
