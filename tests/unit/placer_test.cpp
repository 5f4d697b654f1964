// SPDX-License-Identifier: Apache-2.0
#include "plan/placer.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>

namespace placer_test {
namespace {

using kxf::MemoryKind;
using kxf::MemoryMap;
using kxf::Place;
using kxf::PlacementRule;
using kxf::Range;
using kxf::RangeSet;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t gib = 1U << 30U;

MemoryMap map_of(const std::vector<Range>& ram, const std::vector<Range>& reserved = {}) {
  std::vector<kxf::MemoryRange> ranges;
  for (const Range& range : ram) ranges.push_back({range, MemoryKind::ram, "System RAM", "iomem"});
  for (const Range& range : reserved)
    ranges.push_back({range, MemoryKind::reserved, "tables", "iomem"});
  return {std::move(ranges), {}};
}

PlacementRule rule(std::string name, std::uint64_t size, std::uint64_t alignment = page) {
  PlacementRule made;
  made.name = std::move(name);
  made.size_bytes = size;
  made.alignment = alignment;
  return made;
}

kxf::Result<std::vector<Place>> place(const MemoryMap& memory,
                                      const std::vector<PlacementRule>& rules) {
  return place_segments({memory, memory.usable(), page}, rules);
}

/// Everything that a placement promises; empty when it holds.
std::string broken_promise(const RangeSet& allowed, const std::vector<PlacementRule>& rules,
                           const std::vector<Place>& places) {
  if (places.size() != rules.size()) return "not one place per rule";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const PlacementRule& asked = rules[i];
    const Range& got = places[i].range;
    if (places[i].name != asked.name) return "order";
    if (!allowed.contains(got)) return asked.name + " outside allowed memory";
    if (got.size_bytes() < asked.size_bytes || got.size_bytes() % page != 0) return "size";
    if (got.start < asked.offset || (got.start - asked.offset) % asked.alignment != 0)
      return asked.name + " unaligned";
    if (!asked.window.contains(got)) return asked.name + " outside its window";
    if (asked.near) {
      const std::uint64_t from = kxf::align_down(places[0].range.start, asked.near->granule);
      if (!Range::sized(from, asked.near->length).contains(got)) return asked.name + " not near";
    }
    if (asked.no_crossing != 0 &&
        got.start / asked.no_crossing != (got.end - 1) / asked.no_crossing)
      return asked.name + " crosses";
    for (std::size_t j = 0; j < i; ++j)
      if (got.overlaps(places[j].range)) return "overlap";
  }
  return "";
}

/// Is there any placement at all? Tries every page for every rule.
bool exists(const RangeSet& allowed, const std::vector<PlacementRule>& rules,
            std::uint64_t memory_end) {
  std::vector<Place> places;
  const std::function<bool(std::size_t)> search = [&](std::size_t index) {
    if (index == rules.size()) return broken_promise(allowed, rules, places).empty();
    const std::uint64_t size = *kxf::align_up(rules[index].size_bytes, page);
    for (std::uint64_t start = 0; start + size <= memory_end; start += page) {
      const Range range = Range::sized(start, size);
      if (!allowed.contains(range)) continue;
      if (std::ranges::any_of(places, [&](const Place& p) { return p.range.overlaps(range); }))
        continue;
      places.push_back({rules[index].name, range});
      if (search(index + 1)) return true;
      places.pop_back();
    }
    return false;
  };
  return search(0);
}

std::vector<PlacementRule> random_rules() {
  std::vector<PlacementRule> rules;
  const auto count = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < count; ++i) {
    PlacementRule made =
        rule("s" + std::to_string(i), *rc::gen::inRange<std::uint64_t>(1, 5) * page,
             page << *rc::gen::inRange(0, 3));
    if (*rc::gen::arbitrary<bool>()) made.preference = PlacementRule::Preference::highest;
    if (*rc::gen::inRange(0, 4) == 0) made.offset = page;
    if (*rc::gen::inRange(0, 3) == 0)
      made.window = Range::sized(*rc::gen::inRange<std::uint64_t>(0, 10) * page,
                                 *rc::gen::inRange<std::uint64_t>(1, 20) * page);
    if (*rc::gen::inRange(0, 3) == 0) made.no_crossing = page * 4;
    if (i > 0 && *rc::gen::inRange(0, 2) == 0)
      made.near = PlacementRule::Near{*rc::gen::element<std::uint64_t>(1, page, page * 4),
                                      *rc::gen::inRange<std::uint64_t>(1, 12) * page};
    rules.push_back(std::move(made));
  }
  return rules;
}

}  // namespace

TEST_CASE("placement: every answer meets every rule, and no possible one is missed") {
  const bool held = rc::check("against brute force on small maps", [] {
    constexpr std::uint64_t pages = 18;
    std::vector<Range> ram;
    const auto holes = *rc::gen::inRange<std::size_t>(1, 4);
    for (std::size_t i = 0; i < holes; ++i)
      ram.push_back(Range::sized(*rc::gen::inRange<std::uint64_t>(0, pages - 1) * page,
                                 *rc::gen::inRange<std::uint64_t>(1, 8) * page));
    const RangeSet bounded = RangeSet(std::move(ram)).intersected({{0, pages * page}});
    const MemoryMap memory = map_of(bounded.ranges());
    const std::vector<PlacementRule> rules = random_rules();
    const auto places = place(memory, rules);
    if (places)
      RC_ASSERT(broken_promise(memory.usable(), rules, *places) == "");
    else
      RC_ASSERT(!exists(memory.usable(), rules, pages * page));
  });
  CHECK(held);
}

TEST_CASE("placement: the kernel goes as low as its alignment allows, behind its offset") {
  const MemoryMap memory = map_of({{1 * gib + mib, 2 * gib}});
  PlacementRule kernel = rule("kernel", 30 * mib, 2 * mib);
  kernel.offset = 0x80000;
  const auto places = place(memory, {kernel});
  REQUIRE(places);
  CHECK(places->front().range.start == gib + 2 * mib + 0x80000);
}

TEST_CASE("placement: the next hole is taken when the others do not fit near the first") {
  // The first hole takes the kernel only; the initrd must lie in the same GiB.
  const MemoryMap memory = map_of({{0, 32 * mib}, {4 * gib, 5 * gib}});
  PlacementRule initrd = rule("initrd", 64 * mib);
  initrd.near = PlacementRule::Near{gib, gib};
  const auto places = place(memory, {rule("kernel", 30 * mib, 2 * mib), initrd});
  REQUIRE(places);
  CHECK((*places)[0].range.start == 4 * gib);
  CHECK((*places)[1].range.start == 4 * gib + 30 * mib);
}

TEST_CASE("placement: memory that greedy choices would waste is still used") {
  // `high` prefers the end of the hole and would cut it in two pieces that `big` fits in neither.
  const MemoryMap memory = map_of({{0, 10 * page}});
  PlacementRule anchor = rule("anchor", page);
  PlacementRule high = rule("high", 2 * page);
  high.window = {0, 6 * page};
  high.preference = PlacementRule::Preference::highest;
  const auto places = place(memory, {anchor, high, rule("big", 7 * page)});
  REQUIRE(places);
  CHECK(broken_promise(memory.usable(), {anchor, high, rule("big", 7 * page)}, *places) == "");
}

TEST_CASE("placement: a refusal shows what was asked, the largest holes and what ends them") {
  const MemoryMap memory = map_of({{0, 64 * mib}}, {{16 * mib, 17 * mib}});
  const auto places = place(memory, {rule("kernel", 30 * mib, 2 * mib), rule("initrd", 512 * mib)});
  REQUIRE_FALSE(places);
  const std::string& text = places.error().message;
  CHECK(text.find("no room for segment initrd: it needs 512 MiB") != std::string::npos);
  CHECK(text.find("hole 0x1100000-0x3ffffff of 47 MiB: ended by the end of RAM") !=
        std::string::npos);
  CHECK(text.find("ended by \"tables\" (iomem)") != std::string::npos);
  CHECK_FALSE(places.error().remedy.empty());
}

TEST_CASE("placement: segments that fit alone but not together are named together") {
  const MemoryMap memory = map_of({{0, 40 * mib}});
  const auto places = place(memory, {rule("kernel", 30 * mib, 2 * mib), rule("initrd", 30 * mib)});
  REQUIRE_FALSE(places);
  CHECK(places.error().message.find("no room for all segments together") != std::string::npos);
}

TEST_CASE("placement: 65,536 fragments are searched in reasonable time") {
  std::vector<Range> ram;
  for (std::uint64_t i = 0; i < 65'536; ++i) ram.push_back(Range::sized(i * 64 * mib, mib));
  ram.push_back(Range::sized(65'536 * 64 * mib, 256 * mib));
  const auto places =
      place(map_of(ram), {rule("kernel", 30 * mib, 2 * mib), rule("initrd", 100 * mib)});
  REQUIRE(places);
  CHECK((*places)[0].range.start == 65'536 * 64 * mib);
}

TEST_CASE("placement: a window that moves with every step of the anchor costs no time per byte") {
  PlacementRule dtb = rule("dtb", 64 * 1024, 64 * 1024);
  dtb.near = PlacementRule::Near{1, 512 * mib};
  dtb.preference = PlacementRule::Preference::highest;
  const MemoryMap memory = map_of({{gib, 3 * gib}}, {{gib + 16 * mib, gib + 600 * mib}});
  // The first 16 MiB could hold the kernel, but then the tree's window ends in reserved memory
  // for the kernel's size leaves nothing of the hole.
  PlacementRule kernel = rule("kernel", 16 * mib, 2 * mib);
  const auto places = place(memory, {kernel, dtb});
  REQUIRE(places);
  CHECK((*places)[0].range.start == gib + 600 * mib);
  CHECK((*places)[1].range.end == gib + 1112 * mib);

  dtb.near->length = mib;  // the kernel itself fills it wherever it is
  const auto refused = place(memory, {kernel, dtb});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("no room for all segments together") != std::string::npos);
}

TEST_CASE("placement: malformed rules of a plugin are a plugin's fault") {
  const MemoryMap memory = map_of({{0, 64 * mib}});
  for (const PlacementRule& bad : {rule("kernel", 0), rule("kernel", page, 3)}) {
    const auto places = place(memory, {bad});
    REQUIRE_FALSE(places);
    CHECK(places.error().fault == kxf::Fault::internal);
  }
}

}  // namespace placer_test
