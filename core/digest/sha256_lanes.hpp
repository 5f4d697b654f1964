// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "kxf/bytes.hpp"
#include "kxf/plan.hpp"

namespace kxf {

/// Is sha256_lanes() the fastest way to several digests on this kind of CPU? Where the vector unit
/// computes the sigma functions (Power ISA 2.07, vshasigmaw) but nothing computes whole rounds, one
/// hash at a time costs 15 instructions for each byte and four together cost 4.5. Elsewhere either
/// there are instructions for rounds (Armv8, x86) or vectors gain too little: libcrypto knows best.
#if defined(__CRYPTO__) && defined(__VSX__) && defined(__POWER8_VECTOR__)
inline constexpr bool sha256_lanes_are_fastest = true;
#else
inline constexpr bool sha256_lanes_are_fastest = false;
#endif

/// SHA-256 (FIPS 180-4) of each view into the digest of the same index, four views at a time, one
/// in each lane of the vector registers. Works on every CPU. digests.size() >= views.size().
void sha256_lanes(std::span<const ByteView> views, std::span<Sha256> digests);

}  // namespace kxf
