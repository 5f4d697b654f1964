// SPDX-License-Identifier: Apache-2.0
//
// What brings the segments of a bundle to their places, compiled for the machine that runs the
// tests, on memory of this program.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <vector>

#include "kxf/range.hpp"
#include "purgatory/relocate.h"

namespace relocate_test {
namespace {

using kxf::Range;
using Memory = std::vector<std::uint8_t>;

/// What the code under test said of its stores. Offsets in the memory of the test.
struct Stores {
  std::uint64_t base = 0;
  std::vector<Range> announced{};
  std::vector<Range> finished{};
};
Stores* stores = nullptr;

}  // namespace

extern "C" void kxf_before_stores(std::uint64_t start, std::uint64_t size_bytes) {
  stores->announced.push_back(Range::sized(start - stores->base, size_bytes));
}
extern "C" void kxf_after_stores(std::uint64_t start, std::uint64_t size_bytes) {
  stores->finished.push_back(Range::sized(start - stores->base, size_bytes));
}

namespace {

/// A bundle in a small memory. Offsets, as `relocation` has them until it runs.
struct Layout {
  std::uint64_t memory_bytes = 0;
  std::uint64_t image = 0;
  kxf_relocation relocation{};

  [[nodiscard]] Range payload() const {
    return {image + relocation.payload_start, image + relocation.payload_end};
  }
  [[nodiscard]] Range staging() const {
    return Range::sized(relocation.staging, payload().size_bytes());
  }
  [[nodiscard]] std::vector<Range> destinations() const {
    std::vector<Range> ranges;
    for (const kxf_move& move : moves())
      ranges.push_back(Range::sized(move.destination, move.memory_size));
    return ranges;
  }
  [[nodiscard]] std::vector<kxf_move> moves() const {
    return {relocation.moves, relocation.moves + relocation.count};
  }
  [[nodiscard]] bool lies_on_a_destination() const {
    const std::vector<Range> ranges = destinations();
    return std::ranges::any_of(ranges, [&](const Range& to) { return to.overlaps(payload()); });
  }
};

Memory noise(std::uint64_t size) {
  Memory memory(size);
  std::uint32_t word = 1;
  for (std::uint8_t& byte : memory) {
    word = word * 1664525 + 1013904223;
    byte = static_cast<std::uint8_t>((word >> 24U) | 1U);  // no zeros: those are made
  }
  return memory;
}

/// What memory has to be afterwards, but for staging.
Memory wanted(const Layout& layout, const Memory& before) {
  Memory memory = before;
  for (const kxf_move& move : layout.moves()) {
    const auto from = before.begin() + static_cast<std::ptrdiff_t>(layout.image + move.source);
    const auto to = memory.begin() + static_cast<std::ptrdiff_t>(move.destination);
    std::copy_n(from, move.size_bytes, to);
    std::fill(to + static_cast<std::ptrdiff_t>(move.size_bytes),
              to + static_cast<std::ptrdiff_t>(move.memory_size), std::uint8_t{0});
  }
  return memory;
}

struct Outcome {
  Memory memory;
  Stores said;
};

/// Run it on a copy that begins at a multiple of a page.
Outcome outcome_of(const Layout& layout, const Memory& before) {
  Memory held(before.size() + 4096);
  const auto held_at = reinterpret_cast<std::uint64_t>(held.data());
  const std::uint64_t base = *kxf::align_up(held_at, 4096);
  const auto first = held.begin() + static_cast<std::ptrdiff_t>(base - held_at);
  std::ranges::copy(before, first);
  kxf_relocation relocation = layout.relocation;
  relocation.staging += base;
  for (kxf_move& move : relocation.moves) move.destination += base;
  const kxf_console silent{};
  Stores said{base};
  stores = &said;
  kxf_bring(&silent, &relocation, base + layout.image);
  stores = nullptr;
  return {{first, first + static_cast<std::ptrdiff_t>(before.size())}, std::move(said)};
}

std::uint64_t pick(std::uint64_t below) {
  return *rc::gen::inRange<std::uint64_t>(0, std::max<std::uint64_t>(below, 1));
}

/// `count` sizes of at most `most`, at multiples of `step`.
std::vector<std::uint64_t> sizes(std::size_t count, std::uint64_t most, std::uint64_t step) {
  std::vector<std::uint64_t> found;
  for (std::size_t i = 0; i < count; ++i) found.push_back(pick(most / step + 1) * step);
  return found;
}

/// Any: destinations and staging in any order with gaps, the image anywhere, on all of them.
Layout any_layout(std::uint64_t step) {
  Layout layout;
  kxf_relocation& relocation = layout.relocation;
  const std::size_t count = 1 + pick(4);
  relocation.count = static_cast<std::uint32_t>(count);
  relocation.payload_start = pick(4) * 64;
  std::uint64_t source = relocation.payload_start;
  for (std::size_t i = 0; i < count; ++i) {
    kxf_move& move = relocation.moves[i];
    source = *kxf::align_up(source, 64) + pick(2) * 64;
    move.source = source;
    move.size_bytes = pick(400) + (i == 0 ? 1 : 0);  // there is a payload
    source += move.size_bytes;
    move.memory_size =
        *kxf::align_up(std::max<std::uint64_t>(move.size_bytes, 1), 64) + pick(3) * 64;
  }
  relocation.payload_end = source;

  // Destinations and, as the last, staging, one behind another in any order.
  std::vector<std::size_t> order(count + 1);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[pick(i)]);
  std::uint64_t end = 0;
  for (const std::size_t i : order) {
    end += sizes(1, 128, 64)[0];
    (i == count ? relocation.staging : relocation.moves[i].destination) = end;
    end += i == count ? *kxf::align_up(source - relocation.payload_start, 64)
                      : relocation.moves[i].memory_size;
  }
  layout.image = pick(end / step + 1) * step;
  layout.memory_bytes = std::max(end, layout.image + source) + 64;
  return layout;
}

void check_outcome(const Layout& layout) {
  const Memory before = noise(layout.memory_bytes);
  const Memory right = wanted(layout, before);
  const Outcome outcome = outcome_of(layout, before);
  const bool staged = layout.lies_on_a_destination();
  RC_CLASSIFY(staged, "staged");
  RC_CLASSIFY(staged && layout.payload().overlaps(layout.staging()), "payload on staging, too");
  std::vector<Range> written = layout.destinations();
  if (staged) written.insert(written.begin(), layout.staging());
  for (std::uint64_t at = 0; at < before.size(); ++at) {
    if (staged && layout.staging().contains(at)) continue;
    if (outcome.memory[at] != right[at]) RC_FAIL("byte " + std::to_string(at));
  }
  RC_ASSERT(outcome.said.announced == written);
  RC_ASSERT(outcome.said.finished == written);
}

}  // namespace

TEST_CASE("every segment gets its bytes and zeros, and nothing else changes but staging") {
  CHECK(rc::check("at multiples of 64 bytes", [] { check_outcome(any_layout(64)); }));
  CHECK(rc::check("wherever firmware put it", [] { check_outcome(any_layout(1)); }));
}

TEST_CASE("a payload that lies on staging and on its destination is moved up, or down") {
  Layout layout;
  layout.relocation.count = 1;
  layout.relocation.payload_start = 64;
  layout.relocation.payload_end = 64 + 1000;
  layout.relocation.moves[0] = {64, 1000, 0, 1024};
  layout.memory_bytes = 4096;
  const auto brought = [&] {
    REQUIRE(layout.payload().overlaps(layout.staging()));
    REQUIRE(layout.lies_on_a_destination());
    const Memory before = noise(layout.memory_bytes);
    const Memory right = wanted(layout, before);
    const Memory found = outcome_of(layout, before).memory;
    const Range to = layout.destinations()[0];
    for (std::uint64_t at = to.start; at < to.end; ++at) REQUIRE(found[at] == right[at]);
  };
  SUBCASE("up") {
    layout.relocation.staging = 1024;
    layout.image = 512;
    brought();
  }
  SUBCASE("down") {
    layout.relocation.staging = 512;
    layout.relocation.moves[0].destination = 1536;
    layout.image = 960;
    brought();
  }
}

TEST_CASE("a payload that lies on no destination leaves staging alone") {
  Layout layout;
  layout.relocation.count = 1;
  layout.relocation.payload_end = 200;
  layout.relocation.moves[0] = {0, 200, 1024, 256};
  layout.relocation.staging = 512;
  layout.memory_bytes = 2048;
  const Memory before = noise(layout.memory_bytes);
  CHECK(outcome_of(layout, before).memory == wanted(layout, before));
}

}  // namespace relocate_test
