// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a plan has beside its segments when firmware is to start it: where its two purgatories go,
/// and what they do first. kxf/bundle.hpp has the design.

#include <array>
#include <functional>
#include <span>

#include "kxf/architecture.hpp"
#include "kxf/bundle.hpp"
#include "kxf/memory.hpp"
#include "kxf/plan.hpp"

namespace kxf {

struct BundlePlan {
  std::array<Range, 2> purgatories;  ///< whole pages; the first is the plan's segment `purgatory`
  Relocation relocation;             ///< payload.start is the size of the head

  [[nodiscard]] std::uint64_t image_bytes() const { return relocation.payload.end; }
};

/// The moves of all segments but the purgatory, in their order, each source at the next multiple of
/// move_alignment, and the payload that they make; the first begins at `head_bytes`. Staging and
/// memory are left empty.
[[nodiscard]] Relocation moves_of(std::span<const Segment> segments, std::uint64_t head_bytes);

/// What is smaller holds no image; each piece costs tables, and a bundle uses no other memory.
inline constexpr std::uint64_t smallest_piece_bytes = 2ULL << 20U;

/// All RAM where firmware can have put the image, in whole pages. Firmware's own reservations stay
/// out, and windows of the profile, and what CPUs wait in. What the running kernel reserved for
/// itself at its boot counts as free, where another source than that kernel's own list tells of
/// RAM: else nobody knows which of them are the firmware's. Pieces below smallest_piece_bytes are
/// left out.
[[nodiscard]] RangeSet image_memory(const MemoryMap& memory, std::uint64_t page_size_bytes);

/// Makes the purgatory for a place: its final bytes but for the digests.
using PurgatoryMaker =
    std::function<Result<PurgatoryImage>(std::uint64_t address, const Relocation& relocation)>;

/// The size of the head while nothing has a place, at most: `sized` is the purgatory as its size
/// was asked. Errors: the architecture's, such as that it has no bundles.
[[nodiscard]] Result<std::uint64_t> largest_head(const Architecture& architecture,
                                                 const Machine& machine,
                                                 const PurgatoryImage& sized,
                                                 std::uint64_t payload_bytes);

/// Gives the moves their final sources: the bytes of the purgatories decide how large the head is,
/// and may depend on everything but these. `plan` has its places, staging and memory, and moves of
/// the final segments behind a head of `head_limit` bytes. Errors: of architecture and maker; a
/// head that is larger.
[[nodiscard]] Status settle_head(BundlePlan& plan, const Architecture& architecture,
                                 const Machine& machine, std::uint64_t head_limit,
                                 const PurgatoryMaker& make);

}  // namespace kxf
