// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The next kernel's command line.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/record.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// Split as the kernel does (next_arg() in lib/cmdline.c): white space separates, double quotes
/// protect it, the quotes stay part of the parameter.
[[nodiscard]] std::vector<std::string> split_command_line(std::string_view text);

/// The name of a parameter: what stands before `=`; `-` and `_` are the same in comparisons.
[[nodiscard]] bool has_parameter_name(std::string_view parameter, std::string_view name);

/// The value of the last parameter of this name (`earlycon=pl011,0x9000000` gives the text behind
/// `=`, without quotes); an empty text for one without a value; nothing when it is absent.
[[nodiscard]] std::optional<std::string> last_parameter(std::string_view command_line,
                                                        std::string_view name);

/// `command_line` with one more parameter, in front of a ` -- `.
[[nodiscard]] std::string with_parameter(std::string_view command_line, std::string_view parameter);

/// What an architecture says of command lines.
struct CommandLineRules {
  std::uint64_t limit_bytes = 0;        ///< with the final zero
  std::string_view crash_parameters{};  ///< what `crash.command-line-append = "auto"` stands for
};

/// What the policy says, on top of the command line of the running kernel (for `reuse`; its
/// BOOT_IMAGE and elfcorehdr go). Removal first, then append; what the policy itself gives is never
/// removed. A crash load also removes crashkernel and what `crash.command-line-remove` lists, and
/// appends `crash.command-line-append` before the rest. Appended parameters stand before a ` -- `,
/// which begins the arguments of init. `image_command_line` is what the image itself carries (a
/// UKI); it is used when the policy neither replaces nor reuses. Errors: longer than the limit; a
/// zero byte or a newline inside; an open quote that would swallow what is appended.
[[nodiscard]] Result<std::string> compose_command_line(
    const Policy& policy, std::string_view running,
    const std::optional<std::string>& image_command_line, const CommandLineRules& rules,
    Record& record);

}  // namespace kxf
