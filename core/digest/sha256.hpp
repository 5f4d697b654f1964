// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/bytes.hpp"
#include "kxf/plan.hpp"

namespace kxf {

/// SHA-256 (FIPS 180-4) by libcrypto, which uses the CPU's instructions where there are some.
[[nodiscard]] Result<Sha256> sha256(ByteView bytes);

}  // namespace kxf
