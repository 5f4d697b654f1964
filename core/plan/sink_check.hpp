// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a console sink gives for the purgatory to run, held against the device.

#include <string_view>

#include "kxf/console.hpp"
#include "kxf/result.hpp"

namespace kxf {

/// Registers of a console whose size nothing states are taken to fill a page.
inline constexpr std::uint64_t assumed_device_size = 4096;

/// `sink` names the culprit.
/// Errors: no steps or too many, an unknown operation, an access outside of the device's registers
/// or of an odd width, a poll that has no bound or never ends well.
[[nodiscard]] Status check_sink_program(const SinkProgram& program, const ConsoleDevice& device,
                                        std::string_view sink);

}  // namespace kxf
