// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Suggestions for names that were misspelt.

#include <span>
#include <string>
#include <string_view>

namespace kxf {

/// The known name that is the fewest edits (insert, delete, replace, swap of neighbours) away from
/// `name`; the first of equals; empty when none is close: more than a third of the letters would
/// have to change.
[[nodiscard]] std::string nearest_name(std::string_view name,
                                       std::span<const std::string_view> known);
[[nodiscard]] std::string nearest_name(std::string_view name, std::span<const std::string> known);

/// `did you mean "kernel"?`, or nothing.
[[nodiscard]] std::string did_you_mean(std::string_view name,
                                       std::span<const std::string_view> known);

}  // namespace kxf
