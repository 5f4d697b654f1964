// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <numeric>

#include "kxf/codec.hpp"

namespace output_buffer_test {

using kxf::OutputBuffer;

namespace {

/// Write `size` bytes that count up, in pieces of at most `piece`; false when the buffer refuses.
bool fill(OutputBuffer& out, std::uint64_t size, std::size_t piece) {
  for (std::uint64_t done = 0; done < size;) {
    const auto tail = out.tail();
    if (!tail) return false;
    const auto count = std::min<std::uint64_t>({tail->size(), piece, size - done});
    for (std::size_t i = 0; i < count; ++i) (*tail)[i] = static_cast<std::uint8_t>((done + i) * 7);
    out.commit(static_cast<std::size_t>(count));
    done += count;
  }
  return true;
}

}  // namespace

TEST_CASE("the output is what was committed, whatever the pieces") {
  for (const std::size_t piece : {std::size_t{4093}, std::size_t{1} << 20U, SIZE_MAX}) {
    OutputBuffer out(64U << 20U);
    constexpr std::uint64_t size = (5U << 20U) + 123;
    REQUIRE(fill(out, size, piece));
    CHECK(out.size_bytes() == size);
    const kxf::Blob blob = out.take();
    REQUIRE(blob.size_bytes() == size);
    bool same = true;
    for (std::uint64_t i = 0; i < size; ++i)
      same = same && blob.view()[i] == static_cast<std::uint8_t>(i * 7);
    CHECK(same);
  }
}

TEST_CASE("a codec gets exactly the limit and not one byte more") {
  constexpr std::uint64_t limit = (3U << 20U) + 17;
  OutputBuffer out(limit);
  REQUIRE(fill(out, limit, SIZE_MAX));
  CHECK(out.size_bytes() == limit);
  const auto more = out.tail();
  REQUIRE(!more);
  CHECK(more.error().message == "unpacks to more than the limit of 3 MiB");
  CHECK(!more.error().remedy.empty());
  CHECK(out.take().size_bytes() == limit);
}

TEST_CASE("a limit of zero refuses the first byte") {
  OutputBuffer out(0);
  CHECK(!out.tail());
  CHECK(out.take().empty());
}

TEST_CASE("a limit beyond all memory costs nothing until it is used") {
  OutputBuffer out(1ULL << 40U);
  REQUIRE(fill(out, 100, SIZE_MAX));
  CHECK(out.take().size_bytes() == 100);
}

TEST_CASE("an absurd limit is refused instead of wrapping") {
  OutputBuffer out(UINT64_MAX);
  CHECK(!out.tail());
}

TEST_CASE("a buffer that was taken is empty and can be used again") {
  OutputBuffer out(1U << 20U);
  REQUIRE(fill(out, 1000, SIZE_MAX));
  const kxf::Blob first = out.take();
  CHECK(out.size_bytes() == 0);
  CHECK(out.take().empty());
  REQUIRE(fill(out, 10, SIZE_MAX));
  const kxf::Blob second = out.take();
  CHECK(first.size_bytes() == 1000);
  CHECK(second.size_bytes() == 10);
  CHECK(first.view()[1] == 7);
}

TEST_CASE("a tail that is not committed is not part of the output") {
  OutputBuffer out(1U << 20U);
  REQUIRE(out.tail());
  CHECK(out.take().empty());
}

TEST_CASE("a block of any size is one piece right behind what was written") {
  constexpr std::uint64_t mib = 1U << 20U;
  constexpr std::uint64_t limit = 12 * mib + 5;
  OutputBuffer out(limit);
  REQUIRE(fill(out, 3 * mib + 1, SIZE_MAX));
  const auto block = out.tail(8 * mib);
  REQUIRE(block);
  CHECK(block->size() == 8 * mib);
  CHECK(*(block->data() - 1) == static_cast<std::uint8_t>(3 * mib * 7));
  std::ranges::fill(*block, std::uint8_t{9});
  out.commit(8 * mib);
  CHECK(out.left_bytes() == mib + 4);
  CHECK(out.tail(0)->empty());
  const auto rest = out.tail(8 * mib);
  REQUIRE(rest);
  CHECK(rest->size() == mib + 4);
  out.commit(rest->size());
  CHECK(out.left_bytes() == 0);
  CHECK(out.tail(0)->empty());
  CHECK(out.tail(1).error().message == out.over_limit().value().message);
  const kxf::Blob blob = out.take();
  CHECK(blob.size_bytes() == limit);
  CHECK(blob.view()[11 * mib] == 9);
  CHECK(blob.view()[11 * mib + 1] == 0);
}

}  // namespace output_buffer_test
