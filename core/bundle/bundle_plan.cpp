// SPDX-License-Identifier: Apache-2.0
#include "bundle/bundle_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kxf {
namespace {

Status check_sizes(const PurgatoryImage& image) {
  if (image.bytes.size() <= image.memory_size && image.entry_offset < image.bytes.size()) return {};
  return broken(fmt::format("a purgatory of {} bytes, entered at {}, for {} bytes of memory",
                            image.bytes.size(), image.entry_offset, image.memory_size));
}

void move_sources(Relocation& relocation, std::uint64_t head_bytes) {
  const auto moved = [&](std::uint64_t offset) {
    return offset - relocation.payload.start + head_bytes;
  };
  for (BundleMove& move : relocation.moves) move.source_offset = moved(move.source_offset);
  relocation.payload = {head_bytes, moved(relocation.payload.end)};
}

}  // namespace

Relocation moves_of(std::span<const Segment> segments, std::uint64_t head_bytes) {
  Relocation relocation;
  relocation.payload = {head_bytes, head_bytes};
  for (const Segment& segment : segments) {
    if (segment.name == "purgatory") continue;
    const std::uint64_t offset =
        align_up(relocation.payload.end, move_alignment).value_or(UINT64_MAX);
    relocation.moves.push_back({offset, segment.bytes.size_bytes(), segment.range});
    relocation.payload.end = Range::sized(offset, segment.bytes.size_bytes()).end;
  }
  return relocation;
}

RangeSet image_memory(const MemoryMap& memory, std::uint64_t page_size_bytes) {
  const std::vector<MemoryRange>& ranges = memory.ranges();
  const auto ram = std::ranges::find(ranges, MemoryKind::ram, &MemoryRange::kind);
  // A running kernel's list calls its RAM so. What it reserved there (its page array, its initrd)
  // stands beside what firmware did.
  const auto is_kernels_list = [&](std::string_view source) {
    return std::ranges::any_of(
        ranges, [&](const MemoryRange& each) { return each.source == source && each.running_ram; });
  };
  const bool others_tell = ram != ranges.end() && !is_kernels_list(ram->source);
  std::vector<Range> out;
  for (const MemoryRange& each : ranges) {
    if (each.kind == MemoryKind::no_map) out.push_back(each.range);
    if (each.kind == MemoryKind::reserved && !(others_tell && is_kernels_list(each.source)))
      out.push_back(each.range);
  }
  const RangeSet whole = memory.ram()
                             .minus(RangeSet(std::move(out)).grown_to(page_size_bytes))
                             .trimmed_to(page_size_bytes);
  std::vector<Range> kept;
  for (const Range& range : whole)
    if (range.size_bytes() >= smallest_piece_bytes) kept.push_back(range);
  return RangeSet(std::move(kept));
}

Result<std::uint64_t> largest_head(const Architecture& architecture, const Machine& machine,
                                   const PurgatoryImage& sized, std::uint64_t payload_bytes) {
  KXF_CHECK(check_sizes(sized));
  const ByteVector bytes(sized.memory_size);
  const BundlePurgatory purgatory{0, bytes, sized.memory_size, sized.entry_offset};
  KXF_TRY(head, architecture.bundle_head({machine, {purgatory, purgatory}, payload_bytes}));
  return head.size();
}

Status settle_head(BundlePlan& plan, const Architecture& architecture, const Machine& machine,
                   std::uint64_t head_limit, const PurgatoryMaker& make) {
  std::array<PurgatoryImage, 2> images;
  for (std::size_t i = 0; i < images.size(); ++i) {
    KXF_TRY(image, make(plan.purgatories[i].start, plan.relocation));
    KXF_CHECK(check_sizes(image));
    images[i] = std::move(image);
  }
  BundleQuestion question{machine, {}, plan.relocation.payload.size_bytes()};
  for (std::size_t i = 0; i < images.size(); ++i)
    question.purgatories[i] = {plan.purgatories[i].start, images[i].bytes, images[i].memory_size,
                               images[i].entry_offset};
  KXF_TRY(head, architecture.bundle_head(question));
  if (head.size() > head_limit || head.size() % move_alignment != 0)
    return broken(
        fmt::format("the head of a bundle has {} bytes, {} at most and a multiple of {} "
                    "were expected",
                    head.size(), head_limit, move_alignment));
  move_sources(plan.relocation, head.size());
  return {};
}

}  // namespace kxf
