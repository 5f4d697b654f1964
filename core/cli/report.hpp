// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How every verb says what went wrong or what to watch: one form, on the standard error.

#include <string>
#include <string_view>
#include <vector>

#include "kxf/record.hpp"
#include "kxf/result.hpp"

namespace kxf::cli {

/// Exit statuses of `kxf`.
inline constexpr int exit_done = 0;
inline constexpr int exit_refused = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_not_loaded = 3;
inline constexpr int exit_internal = 4;

/// The exit status of a fault: 1 refused, 2 usage, 4 internal.
[[nodiscard]] int exit_status(Fault fault) noexcept;

/// `kxf: MESSAGE` and, when there is one, `  remedy: REMEDY`. Returns the exit status.
int report(const Error& error);

/// `kxf: warning: TEXT [ID]`.
void report(const Warning& warning);

/// What the running kernel cannot confine of formats and codecs, if anything.
void report_not_confined(const std::vector<std::string>& not_confined);

/// `kxf: TEXT`: something that was done, where the standard output belongs to something else.
void note(std::string_view text);

}  // namespace kxf::cli
