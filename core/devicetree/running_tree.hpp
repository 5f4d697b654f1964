// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The device tree of a running system, from what its kernel shows of it.

#include "kxf/machine.hpp"

namespace kxf {

/// /sys/firmware/fdt is the blob that the system was booted with, reservations and boot CPU
/// included; /proc/device-tree is the tree as it is now. Where the kernel has added to /chosen
/// since (where it lies itself, what it reserved), it keeps the tree up to date, and the blob is
/// out of date: memory and CPUs may have been added, too. Then the tree is that of now with the
/// blob's reservations and boot CPU, else the blob. The one that is readable, when one is not.
/// A reservation of the blob itself is left out.
/// Errors: neither is there or readable; the tree is damaged.
[[nodiscard]] Result<DeviceTree> running_tree(const Machine& machine);

}  // namespace kxf
