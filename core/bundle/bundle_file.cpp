// SPDX-License-Identifier: Apache-2.0
#include "bundle/bundle_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "machine/file.hpp"

namespace kxf {
namespace {

constexpr std::array<std::uint8_t, move_alignment> zeros{};

/// The second purgatory, checked as the first one was.
Result<PurgatoryImage> second_purgatory(const PlannedLoad& planned, const SealedPlan& sealed,
                                        const Machine& machine) {
  const Range place = planned.bundle->purgatories[1];
  KXF_TRY(image, final_purgatory(planned, machine, place.start, sealed.digests));
  std::vector<Segment> segments = sealed.segments;
  const auto segment = std::ranges::find(segments, "purgatory", &Segment::name);
  segment->bytes = Blob(ByteVector(image.bytes));
  segment->range = place;
  KXF_CHECK(
      check_finished(planned, machine, segments, place.start + image.entry_offset, sealed.digests));
  return image;
}

}  // namespace

std::uint64_t BundleFile::size_bytes() const {
  std::uint64_t sum = head.size();
  for (const ByteView piece : payload) sum += piece.size();
  return sum;
}

Result<BundleFile> bundle_file(const PlannedLoad& planned, const SealedPlan& sealed,
                               const Machine& machine) {
  if (!planned.bundle) return broken("a plan that no firmware starts as a bundle");
  const BundlePlan& plan = *planned.bundle;
  const auto first = std::ranges::find(sealed.segments, "purgatory", &Segment::name);
  if (first == sealed.segments.end()) return broken("a bundle without a purgatory");
  KXF_TRY(second, second_purgatory(planned, sealed, machine));
  const std::uint64_t entry_offset = sealed.plan.parts().entry - first->range.start;
  if (second.entry_offset != entry_offset)
    return broken("the entry of the purgatory depends on its address");

  BundleFile file;
  KXF_TRY(head,
          planned.architecture->bundle_head(
              {machine,
               {{{first->range.start, first->bytes.view(), second.memory_size, entry_offset},
                 {plan.purgatories[1].start, second.bytes, second.memory_size, entry_offset}}},
               plan.relocation.payload.size_bytes()}));
  if (head.size() != plan.relocation.payload.start)
    return broken("the size of a bundle's head depends on digests, or on where its payload is");
  file.head = std::move(head);
  std::uint64_t at = file.head.size();
  auto move = plan.relocation.moves.begin();
  for (const Segment& segment : sealed.segments) {
    if (segment.name == "purgatory") continue;
    if (move->source_offset > at)
      file.payload.push_back(ByteView(zeros).first(move->source_offset - at));
    if (!segment.bytes.empty()) file.payload.push_back(segment.bytes.view());
    at = move->source_offset + segment.bytes.size_bytes();
    ++move;
  }
  return file;
}

Status write_bundle(const std::filesystem::path& path, const BundleFile& file) {
  std::vector<ByteView> pieces{file.head};
  pieces.insert(pieces.end(), file.payload.begin(), file.payload.end());
  return write_file(path, std::span<const ByteView>(pieces));
}

}  // namespace kxf
