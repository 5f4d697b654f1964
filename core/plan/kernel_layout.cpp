// SPDX-License-Identifier: Apache-2.0
#include "plan/kernel_layout.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kxf {
namespace {

/// More pieces than this and the kernel is laid out in one buffer: the system call takes 16
/// segments, and the other ones need theirs.
constexpr std::size_t most_pieces = 8;

/// A run of the kernel's bytes, by offsets from its start.
struct Piece {
  Range where;
  bool copied = false;  ///< several parts, or a patch, share its pages
};

Range bytes_of_part(const KernelPart& part) {
  return Range::sized(part.memory_offset, part.bytes.size());
}

/// The pages that no view of the image can fill.
std::set<std::uint64_t> mixed_pages(const KernelSpec& kernel, std::uint64_t page) {
  std::set<std::uint64_t> mixed;
  for (const KernelPart& part : kernel.parts)
    if (part.memory_offset % page != 0 && !part.bytes.empty())
      mixed.insert(align_down(part.memory_offset, page));
  for (const KernelPatch& patch : kernel.patches)
    for (std::uint64_t at = align_down(patch.memory_offset, page);
         at < patch.memory_offset + patch.bytes.size(); at += page)
      mixed.insert(at);
  return mixed;
}

std::vector<Piece> pieces_of(const KernelSpec& kernel, std::uint64_t page) {
  const std::set<std::uint64_t> mixed = mixed_pages(kernel, page);
  std::vector<Piece> pieces;
  for (const std::uint64_t at : mixed) {
    if (!pieces.empty() && pieces.back().where.end == at)
      pieces.back().where.end += page;
    else
      pieces.push_back({Range::sized(at, page), true});
  }
  for (const KernelPart& part : kernel.parts) {
    Range rest = bytes_of_part(part);
    for (auto at = mixed.lower_bound(align_down(rest.start, page));
         at != mixed.end() && *at < rest.end; ++at) {
      if (rest.start < *at) pieces.push_back({{rest.start, *at}, false});
      rest.start = *at + page;
    }
    if (rest.start < rest.end) pieces.push_back({rest, false});
  }
  std::ranges::sort(pieces, {}, [](const Piece& piece) { return piece.where.start; });
  return pieces;
}

/// The bytes of `where`, with zeros where no part has any, as far as there are some.
Blob copy_of(const KernelSpec& kernel, const Range& where) {
  std::uint64_t end = where.start;
  const auto reach = [&](const Range& bytes) {
    if (bytes.overlaps(where)) end = std::max(end, std::min(bytes.end, where.end));
  };
  for (const KernelPart& part : kernel.parts) reach(bytes_of_part(part));
  for (const KernelPatch& patch : kernel.patches)
    reach(Range::sized(patch.memory_offset, patch.bytes.size()));

  ByteVector flat(end - where.start);
  const auto put = [&](std::uint64_t offset, ByteView bytes) {
    const std::uint64_t from = std::max(offset, where.start);
    const std::uint64_t to = std::min(offset + bytes.size(), end);
    if (from >= to) return;
    std::ranges::copy(bytes.subspan(from - offset, to - from),
                      flat.begin() + static_cast<std::ptrdiff_t>(from - where.start));
  };
  for (const KernelPart& part : kernel.parts) put(part.memory_offset, part.bytes);
  for (const KernelPatch& patch : kernel.patches) put(patch.memory_offset, patch.bytes);
  return Blob(std::move(flat));
}

Blob view_of(const LoadedImage& image, const Range& where) {
  for (const KernelPart& part : image.kernel.parts) {
    const Range bytes = bytes_of_part(part);
    if (bytes.contains(where))
      return image.bytes.narrowed(
          part.bytes.subspan(where.start - bytes.start, where.size_bytes()));
  }
  return copy_of(image.kernel, where);
}

}  // namespace

Status check_kernel_spec(const KernelSpec& kernel, std::string_view who) {
  const std::uint64_t room = kernel.memory_size;
  const auto fits = [room](std::uint64_t offset, std::uint64_t size) {
    return offset <= room && size <= room - offset;
  };
  std::uint64_t end = 0;
  for (const KernelPart& part : kernel.parts) {
    if (part.memory_size < part.bytes.size())
      return broken(fmt::format("{} gives a part of {} bytes that has {} bytes of memory", who,
                                part.bytes.size(), part.memory_size));
    if (part.memory_offset < end || !fits(part.memory_offset, part.memory_size))
      return broken(fmt::format("{} gives parts that overlap or leave the kernel", who));
    end = part.memory_offset + part.memory_size;
  }
  for (const KernelPatch& patch : kernel.patches)
    if (patch.bytes.empty() || !fits(patch.memory_offset, patch.bytes.size()))
      return broken(fmt::format("{} patches {} bytes at {}, outside the kernel", who,
                                patch.bytes.size(), hex(patch.memory_offset)));
  if (!is_power_of_two(kernel.base_alignment))
    return broken(fmt::format("{} gives a kernel with the alignment {}, no power of two", who,
                              hex(kernel.base_alignment)));
  if (kernel.parts.empty() || room == 0 || kernel.entry_offset >= room ||
      kernel.base_offset >= kernel.base_alignment)
    return broken(fmt::format("{} gives an inconsistent kernel", who));
  return {};
}

std::vector<Segment> kernel_segments(const LoadedImage& image, const Range& place,
                                     std::uint64_t page_size_bytes) {
  std::vector<Piece> pieces = pieces_of(image.kernel, page_size_bytes);
  if (pieces.size() > most_pieces) pieces = {{Range::sized(0, image.kernel.memory_size), true}};
  if (pieces.empty() || pieces.front().where.start != 0)
    pieces.insert(pieces.begin(), {Range::sized(0, page_size_bytes), true});

  std::vector<Segment> segments;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Range& where = pieces[i].where;
    // Up to the next one: the running kernel writes the zeros between.
    const std::uint64_t end =
        i + 1 < pieces.size() ? place.start + pieces[i + 1].where.start : place.end;
    segments.push_back({i == 0 ? "kernel" : fmt::format("kernel-{}", i + 1),
                        pieces[i].copied ? copy_of(image.kernel, where) : view_of(image, where),
                        {place.start + where.start, end}});
  }
  return segments;
}

}  // namespace kxf
