// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Paths inside a machine that is not the root of this system.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace kxf {

/// The target of the link at a path, as it is written there; nothing when it is none.
using LinkLookup = std::function<std::optional<std::string>(const std::string& path)>;

enum class LastLink : bool { keep, follow };

/// The place that `path` names: absolute, without `.`, `..`, doubled slashes and links, found by
/// following links the way path_resolution(7) does in a system whose root is `/`; nothing leads
/// above it. Nothing when there are more than 40 links, the limit of Linux.
[[nodiscard]] std::optional<std::string> resolve_path(std::string_view path, const LinkLookup& link,
                                                      LastLink last = LastLink::follow);

}  // namespace kxf
