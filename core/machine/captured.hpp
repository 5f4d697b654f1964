// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kxf/machine.hpp"
#include "machine/snapshot.hpp"

namespace kxf {

/// What device_tree_problem() says of a machine that has none, live or captured.
inline constexpr std::string_view no_device_tree =
    "there is neither /sys/firmware/fdt nor /proc/device-tree";

/// `origin` names the capture in messages.
/// Errors: it has no kxf-capture.json, or one that this kxf does not read.
[[nodiscard]] Result<std::unique_ptr<Machine>> captured_machine(Snapshot snapshot,
                                                                std::string_view origin);

}  // namespace kxf
