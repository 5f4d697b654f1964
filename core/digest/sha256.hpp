// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/plan.hpp"

namespace kxf {

/// SHA-256 (FIPS 180-4) by libcrypto, which uses the CPU's instructions where there are some.
[[nodiscard]] Result<Sha256> sha256(ByteView bytes);

/// The SHA-256 of each of them, in their order. Where the CPU has no instructions for whole rounds
/// of one SHA-256, several are computed side by side: worth it for lists of long views of equal
/// sizes.
[[nodiscard]] Result<std::vector<Sha256>> sha256_each(std::span<const ByteView> views);

}  // namespace kxf
