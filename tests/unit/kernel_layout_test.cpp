// SPDX-License-Identifier: Apache-2.0
#include "plan/kernel_layout.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

namespace kernel_layout_test {

using namespace kxf;

namespace {

constexpr std::uint64_t page = 0x1000;
constexpr std::uint64_t base = 0x10000000;

LoadedImage image_of(std::size_t size) {
  ByteVector bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + 1);
  LoadedImage image;
  image.bytes = Blob(std::move(bytes));
  return image;
}

/// What lies in memory after the running kernel has copied the segments and zeroed the rest.
ByteVector memory_after(const std::vector<Segment>& segments, const Range& place) {
  ByteVector memory(place.size_bytes(), 0xee);
  for (const Segment& segment : segments) {
    const auto from =
        memory.begin() + static_cast<std::ptrdiff_t>(segment.range.start - place.start);
    std::fill_n(from, segment.range.size_bytes(), std::uint8_t{0});
    std::ranges::copy(segment.bytes.view(), from);
  }
  return memory;
}

ByteVector wanted(const KernelSpec& kernel, const Range& place) {
  ByteVector memory(place.size_bytes());
  const auto put = [&](std::uint64_t offset, ByteView bytes) {
    std::ranges::copy(bytes, memory.begin() + static_cast<std::ptrdiff_t>(offset));
  };
  for (const KernelPart& part : kernel.parts) put(part.memory_offset, part.bytes);
  for (const KernelPatch& patch : kernel.patches) put(patch.memory_offset, patch.bytes);
  return memory;
}

Range place_for(const KernelSpec& kernel) {
  return Range::sized(base, align_up(kernel.memory_size, page).value());
}

bool is_view_of(const Segment& segment, const LoadedImage& image) {
  const ByteView whole = image.bytes.view();
  const ByteView part = segment.bytes.view();
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

TEST_CASE("kernel layout: one part without patches is one view of the image") {
  LoadedImage image = image_of(5 * page + 100);
  image.kernel.parts = {{image.bytes.view(), 0, image.bytes.size_bytes()}};
  image.kernel.memory_size = 9 * page;
  const auto segments = kernel_segments(image, place_for(image.kernel), page);
  REQUIRE(segments.size() == 1);
  CHECK(segments[0].name == "kernel");
  CHECK(segments[0].range == Range::sized(base, 9 * page));
  CHECK(segments[0].bytes.view().data() == image.bytes.view().data());
}

TEST_CASE("kernel layout: a patch copies its page and leaves the image as it is") {
  LoadedImage image = image_of(64 * page);
  image.kernel.parts = {{image.bytes.view(), 0, image.bytes.size_bytes()}};
  image.kernel.memory_size = image.bytes.size_bytes();
  image.kernel.patches = {{0x5c, {1, 2, 3, 4}, "test"}};
  const ByteVector before(image.bytes.view().begin(), image.bytes.view().end());
  const Range place = place_for(image.kernel);
  const auto segments = kernel_segments(image, place, page);
  REQUIRE(segments.size() == 2);
  CHECK(segments[0].bytes.size_bytes() == page);
  CHECK_FALSE(is_view_of(segments[0], image));
  CHECK(segments[1].name == "kernel-2");
  CHECK(is_view_of(segments[1], image));
  CHECK(memory_after(segments, place) == wanted(image.kernel, place));
  CHECK(std::ranges::equal(before, image.bytes.view()));
}

TEST_CASE("kernel layout: parts that share a page, gaps and a late start are laid out exactly") {
  LoadedImage image = image_of(20 * page);
  const ByteView bytes = image.bytes.view();
  image.kernel.parts = {{bytes.subspan(0, 3 * page + 10), 2 * page, 3 * page + 20},
                        {bytes.subspan(5 * page, 4 * page), 5 * page + 0x800, 6 * page},
                        {bytes.subspan(10 * page, page), 14 * page, page}};
  image.kernel.memory_size = 16 * page;
  const Range place = place_for(image.kernel);
  const auto segments = kernel_segments(image, place, page);
  CHECK(segments.front().range.start == base);
  CHECK(segments.back().range.end == place.end);
  CHECK(memory_after(segments, place) == wanted(image.kernel, place));
}

TEST_CASE("kernel layout: memory is the same for any parts and patches") {
  rc::check([] {
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    LoadedImage image = image_of(40 * page);
    std::uint64_t offset = 0;
    for (std::size_t i = 0; i < count; ++i) {
      offset += *rc::gen::element<std::uint64_t>(0, 1, 0x10, page / 2, page, 3 * page);
      const auto size = *rc::gen::inRange<std::uint64_t>(0, 3 * page);
      const auto from = *rc::gen::inRange<std::uint64_t>(0, 30 * page);
      const std::uint64_t memory = size + *rc::gen::inRange<std::uint64_t>(0, page);
      image.kernel.parts.push_back({image.bytes.view().subspan(from, size), offset, memory});
      offset += memory;
    }
    image.kernel.memory_size = offset + 1;
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
      image.kernel.patches.push_back(
          {*rc::gen::inRange<std::uint64_t>(0, offset + 1), {0xab}, "test"});
    const Range place = place_for(image.kernel);
    const auto segments = kernel_segments(image, place, page);
    RC_ASSERT(segments.size() <= 10U);
    RC_ASSERT(segments.front().range.start == place.start);
    RC_ASSERT(segments.back().range.end == place.end);
    for (std::size_t i = 0; i < segments.size(); ++i) {
      RC_ASSERT(segments[i].range.start % page == 0U);
      RC_ASSERT(segments[i].bytes.size_bytes() <= segments[i].range.size_bytes());
      if (i > 0) RC_ASSERT(segments[i - 1].range.end == segments[i].range.start);
    }
    RC_ASSERT(memory_after(segments, place) == wanted(image.kernel, place));
  });
}

TEST_CASE("kernel layout: what leaves the kernel is a plugin's fault and named") {
  KernelSpec kernel;
  const ByteVector bytes(16);
  kernel.parts = {{bytes, 0, 16}};
  kernel.memory_size = 16;
  kernel.base_alignment = page;
  CHECK(check_kernel_spec(kernel, "image format x").has_value());
  kernel.patches = {{15, {1, 2}, "test"}};
  const auto bad = check_kernel_spec(kernel, "architecture y");
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().message.find("architecture y patches 2 bytes at 0xf") != std::string::npos);
  kernel.patches.clear();
  kernel.parts.push_back({bytes, 8, 16});
  CHECK_FALSE(check_kernel_spec(kernel, "image format x").has_value());
}

}  // namespace kernel_layout_test
