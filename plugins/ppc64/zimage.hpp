// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/bytes.hpp>

namespace kxf::ppc64 {

/// Is this a boot wrapper with a kernel packed inside, as far as its section headers tell? Such a
/// file looks like a kernel otherwise.
[[nodiscard]] bool wraps_kernel(ByteView file) noexcept;

}  // namespace kxf::ppc64
