// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Physical memory of the running system that is no RAM to its kernel.

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {

/// The bytes of `range`, whose ends are multiples of 8, through /dev/mem. Reads 64 bits at a time,
/// so that they may be a device's to the CPU.
/// Errors: /dev/mem is not there, may not be opened (not root, lockdown), or this memory is not to
/// be had through it (STRICT_DEVMEM).
[[nodiscard]] Result<ByteVector> read_device_memory(const Range& range);

}  // namespace kxf
