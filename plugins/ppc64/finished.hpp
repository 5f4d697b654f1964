// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/architecture.hpp>

namespace kxf::ppc64 {

/// The last look at the bytes of a plan. What it would find otherwise is a kernel that hangs
/// without a word, or a CPU that runs wild. Errors: the entry contract is broken
/// (architecture.cpp), one message for each rule.
[[nodiscard]] Status check_finished_plan(const FinishedQuestion& finished);

}  // namespace kxf::ppc64
