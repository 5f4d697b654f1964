// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A plan as one file that firmware starts (`kxf bundle`): no running kernel brings the segments to
/// their places, so a purgatory does that too, before it verifies them.
///
/// The file, and the image of it in memory, is a head that the architecture writes and the bytes of
/// all segments but the purgatory behind it. In the head are two purgatories, each for a place of
/// its own, so far from one another that the image cannot lie on both, wherever firmware put it.
/// The first instructions copy one that it does not lie on to its place and go on there.

#include <array>
#include <cstdint>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/machine.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Bytes of the image and where they go.
struct BundleMove {
  std::uint64_t source_offset = 0;  ///< from the first byte of the image
  std::uint64_t size_bytes = 0;     ///< at most the destination's
  Range destination;                ///< what the bytes do not fill becomes zeros
};

/// What the purgatory of a bundle does first. While sizes are asked, addresses and offsets are
/// placeholders, but there are as many moves and memory ranges as there will be.
struct Relocation {
  /// In ascending order of source_offset, which are multiples of move_alignment. Destinations are
  /// whole pages, disjoint, and disjoint from staging and both purgatories.
  std::vector<BundleMove> moves;
  Range payload;  ///< offsets from the first byte of the image: all bytes that are moved
  /// Where the payload is brought first when it lies on a destination: as large as the payload.
  Range staging;
  RangeSet memory;  ///< RAM, where the image can be
};
inline constexpr std::uint64_t move_alignment = 64;

/// A purgatory that can be copied to its place.
struct BundlePurgatory {
  std::uint64_t address = 0;
  ByteView bytes;
  std::uint64_t memory_size = 0;
  std::uint64_t entry_offset = 0;
};

struct BundleQuestion {
  const Machine& machine;
  std::array<BundlePurgatory, 2> purgatories;
  std::uint64_t payload_bytes = 0;  ///< that follow the head
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
