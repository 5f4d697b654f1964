// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a device tree from a file takes over from the running system's tree.

#include <string>
#include <vector>

#include "kxf/device_tree.hpp"
#include "kxf/record.hpp"

namespace kxf {

/// Topics are those of `device-tree.inherit`: memory, reserved-memory, memreserve, uefi and
/// stdout-path. A topic that the tree already covers is left alone; each one that is taken over is
/// a decision.
/// Errors: an address of the running system that does not fit the tree's root cells.
[[nodiscard]] Status inherit_from_running(TreeEditor& tree, const DeviceTree& running,
                                          const std::vector<std::string>& topics, Record& record);

}  // namespace kxf
