// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A flattened tree from the files of /proc/device-tree.

#include "kxf/machine.hpp"

namespace kxf {

/// Children and properties in sorted order (unit addresses by value), phandles as they are, no
/// limits on size or depth but DeviceTree::max_size_bytes. `read` and `list` see paths below
/// /proc/device-tree only.
/// Errors: unreadable files (which), no root node.
[[nodiscard]] Result<ByteVector> flatten_device_tree(const Machine& machine);

}  // namespace kxf
