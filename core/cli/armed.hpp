// SPDX-License-Identifier: Apache-2.0
#pragma once

/// How `kxf status` and `kxf check` say which crash kernel is armed.

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "cli/verbs.hpp"
#include "crash/armed.hpp"

namespace kxf::cli {

/// What kxf remembers of this machine's crash kernel, or a capture of its machine's.
/// Errors: as for remembered_armed().
[[nodiscard]] Result<std::optional<ArmedCrash>> armed_on(const CommonOptions& common,
                                                         const Machine& machine);

/// Indented lines: kernel, initrd, system call and digest, regions, command line.
[[nodiscard]] std::string armed_text(const ArmedCrash& armed);
/// An object; null when nothing is known.
[[nodiscard]] nlohmann::ordered_json armed_json(const std::optional<ArmedCrash>& armed);

}  // namespace kxf::cli
