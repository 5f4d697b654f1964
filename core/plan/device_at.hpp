// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Is a physical address that somebody wrote down that of a device?

#include "kxf/device_tree.hpp"

namespace kxf {

enum class DeviceAt : std::uint8_t {
  yes,
  no,
  unknown,  ///< the tree describes no devices, as under ACPI, or a bus that cannot be followed
};

/// Whether a device of the tree, enabled or not, has registers at `phys_address`, or a PCI bridge
/// passes it on.
[[nodiscard]] DeviceAt device_at(const DeviceTree& tree, std::uint64_t phys_address);

}  // namespace kxf
