// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>

#include "bundle/bundle_file.hpp"
#include "bundle/places.hpp"
#include "fake_scene.hpp"

namespace bundle_test {
namespace {

using kxf::BundleNeeds;
using kxf::BundlePlaces;
using kxf::BundlePlan;
using kxf::MemoryKind;
using kxf::MemoryMap;
using kxf::MemoryRange;
using kxf::PlacementRule;
using kxf::Range;
using kxf::RangeSet;
using kxf_test::contains;
using kxf_test::decided;
using kxf_test::FakeScene;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t all_pages = 24;  // of the small maps that are searched through

// ---- places -------------------------------------------------------------------------------------

PlacementRule rule_of(std::string name, std::uint64_t size, std::uint64_t alignment = page) {
  PlacementRule rule;
  rule.name = std::move(name);
  rule.size_bytes = size;
  rule.alignment = alignment;
  return rule;
}

kxf::Result<BundlePlaces> place(const RangeSet& allowed, const BundleNeeds& needs) {
  const MemoryMap memory;
  return place_bundle({memory, allowed, page}, needs);
}

std::string place_error(const RangeSet& allowed, const BundleNeeds& needs) {
  const auto places = place(allowed, needs);
  REQUIRE_FALSE(places);
  CHECK(places.error().fault == kxf::Fault::refused);
  CHECK(contains(places.error().remedy, "use a smaller initrd"));
  return places.error().message;
}

std::string broken_rule(const PlacementRule& rule, const Range& place, const RangeSet& allowed) {
  if (!allowed.contains(place)) return rule.name + " outside allowed memory";
  if (!rule.window.contains(place)) return rule.name + " outside its window";
  if (place.size_bytes() != kxf::align_up(rule.size_bytes, page)) return rule.name + " size";
  if (place.start < rule.offset || (place.start - rule.offset) % rule.alignment != 0)
    return rule.name + " unaligned";
  return "";
}

/// Everything that places of a bundle promise, above all that an image at any address of `memory`
/// leaves one purgatory alone; empty when it holds.
std::string broken_promise(const BundleNeeds& needs, const BundlePlaces& places,
                           const RangeSet& allowed, const RangeSet& memory) {
  for (const Range& purgatory : places.purgatories) {
    if (const auto broken = broken_rule(needs.purgatory, purgatory, allowed); !broken.empty())
      return broken;
    if (purgatory.overlaps(places.staging)) return "a purgatory in the staging";
  }
  if (const auto broken = broken_rule(needs.staging, places.staging, allowed); !broken.empty())
    return broken;
  if (places.purgatories[0].start >= places.purgatories[1].start) return "order";
  for (const Range& range : memory)
    for (std::uint64_t at = range.start; at + needs.image_bytes <= range.end; at += 64) {
      const Range image = Range::sized(at, needs.image_bytes);
      if (image.overlaps(places.purgatories[0]) && image.overlaps(places.purgatories[1]))
        return "an image at " + kxf::hex(at) + " covers both purgatories";
    }
  return "";
}

/// Are there any places at all? Tries every page for each.
bool any_places(const BundleNeeds& needs, const RangeSet& allowed) {
  const auto fitting = [&](const PlacementRule& rule) {
    std::vector<Range> found;
    for (std::uint64_t at = 0; at < all_pages * page; at += page)
      if (const Range where = Range::sized(at, *kxf::align_up(rule.size_bytes, page));
          broken_rule(rule, where, allowed).empty())
        found.push_back(where);
    return found;
  };
  const std::vector<Range> purgatories = fitting(needs.purgatory);
  const std::vector<Range> stagings = fitting(needs.staging);
  for (const Range& first : purgatories)
    for (const Range& second : purgatories)
      for (const Range& staging : stagings)
        if (second.start >= first.end && second.start - first.end >= needs.image_bytes &&
            !staging.overlaps(first) && !staging.overlaps(second))
          return true;
  return false;
}

Range random_range(std::uint64_t most_pages) {
  return Range::sized(*rc::gen::inRange<std::uint64_t>(0, all_pages - 1) * page,
                      *rc::gen::inRange<std::uint64_t>(1, most_pages) * page);
}

RangeSet random_set(std::size_t most_ranges, std::uint64_t most_pages) {
  std::vector<Range> ranges;
  const auto count = *rc::gen::inRange<std::size_t>(0, most_ranges + 1);
  for (std::size_t i = 0; i < count; ++i) ranges.push_back(random_range(most_pages));
  return RangeSet(std::move(ranges)).intersected({{0, all_pages * page}});
}

BundleNeeds random_needs() {
  BundleNeeds needs{rule_of("purgatory", *rc::gen::inRange<std::uint64_t>(1, 2 * page),
                            page << *rc::gen::inRange(0, 3)),
                    rule_of("staging", *rc::gen::inRange<std::uint64_t>(1, 5 * page),
                            page << *rc::gen::inRange(0, 2)),
                    *rc::gen::inRange<std::uint64_t>(1, 8 * page)};
  if (*rc::gen::inRange(0, 4) == 0) needs.purgatory.offset = page;
  if (*rc::gen::inRange(0, 3) == 0) {
    needs.purgatory.window = random_range(all_pages);
    needs.staging.window = needs.purgatory.window;
  }
  return needs;
}

RangeSet free_for_image(std::vector<MemoryRange> ranges) {
  return kxf::image_memory({std::move(ranges), {}}, page);
}

// ---- plans and files ----------------------------------------------------------------------------

/// A scene of which firmware starts the plan: a kernel of two parts and an initrd.
struct BundleScene : FakeScene {
  BundleScene() {
    machine.files["/fake/bundles"] = "";
    policy.bundle = true;
    kernel("PARTS and the rest");
    initrd("123456789");
  }
};

struct Made {
  kxf::PlannedLoad planned;
  kxf::SealedPlan sealed;
  kxf::ByteVector image;
};

kxf::Result<Made> make(FakeScene& scene) {
  KXF_TRY(planned, scene.plan());
  KXF_TRY(sealed, seal(planned, scene.machine, kxf::Seeds::zeros));
  KXF_TRY(file, bundle_file(planned, sealed, scene.machine));
  kxf::ByteVector image = file.head;
  for (const kxf::ByteView piece : file.payload)
    image.insert(image.end(), piece.begin(), piece.end());
  CHECK(image.size() == file.size_bytes());
  return Made{std::move(planned), std::move(sealed), std::move(image)};
}

Made made(FakeScene& scene) {
  auto result = make(scene);
  REQUIRE_MESSAGE(result, (result ? "" : result.error().message));
  return std::move(*result);
}

/// What memory holds of this range after the moves were made, as the purgatory makes them.
kxf::ByteVector moved(const Made& bundle, const kxf::BundleMove& move) {
  kxf::ByteVector memory(move.destination.size_bytes());
  std::copy_n(bundle.image.begin() + std::ptrdiff_t(move.source_offset), move.size_bytes,
              memory.begin());
  return memory;
}

}  // namespace

TEST_CASE("bundle places: an image at any address misses a purgatory, and no places are missed") {
  const bool held = rc::check("against brute force on small maps", [] {
    for (int many = 0; many < 50; ++many) {  // what only alignment decides is rare
      const RangeSet memory = random_set(4, all_pages);
      const RangeSet allowed = memory.minus(random_set(3, 4));  // segments and reservations
      const BundleNeeds needs = random_needs();
      const auto places = place(allowed, needs);
      if (places)
        RC_ASSERT(broken_promise(needs, *places, allowed, memory) == "");
      else
        RC_ASSERT(!any_places(needs, allowed));
    }
  });
  CHECK(held);
}

TEST_CASE("bundle places: an error says which memory is missing") {
  const BundleNeeds needs{rule_of("purgatory", 64 * 1024), rule_of("staging", 40 * mib), 41 * mib};
  CHECK(contains(place_error({}, needs), "two places of 64 KiB for its purgatories"));
  CHECK(contains(place_error({}, needs), "there is none"));
  const std::string small = place_error({{0, 39 * mib}, {50 * mib, 80 * mib}}, needs);
  CHECK(contains(small, "needs 40 MiB of memory in one piece that no segment takes"));
  CHECK(contains(small, "the largest piece is 0x0-0x26fffff, 39 MiB"));
  CHECK(
      contains(place_error({{0, 41 * mib}}, needs),
               "41 MiB apart so that the image cannot lie on both: the lowest and the highest are "
               "0x0-0xffff and 0x28f0000-0x28fffff"));
  // Either would do without the other: the hole of the second purgatory is full of staging.
  const BundleNeeds tight{rule_of("purgatory", mib), rule_of("staging", 40 * mib), 41 * mib};
  CHECK(
      contains(place_error({{0, mib}, {42 * mib, 82 * mib}}, tight), "only the one or the other"));
  CHECK(place({{0, mib}, {42 * mib, 83 * mib}}, tight));
}

TEST_CASE("bundle places: where the image can be") {
  const auto range = [](std::uint64_t from, std::uint64_t to, MemoryKind kind, const char* source,
                        bool running = false) {
    return MemoryRange{{from * mib, to * mib}, kind, "", source, false, running};
  };
  const std::vector<MemoryRange> told = {
      range(0, 100, MemoryKind::ram, "dt"),
      range(0, 100, MemoryKind::ram, "iomem", true),
      range(10, 20, MemoryKind::running_kernel, "iomem"),
      range(20, 30, MemoryKind::reserved, "iomem"),  // its page array
      range(40, 44, MemoryKind::reserved, "dt"),
      range(45, 46, MemoryKind::no_map, "iomem"),
      range(50, 60, MemoryKind::crash_kernel, "iomem"),
      range(70, 71, MemoryKind::reserved, "cpus"),
      range(99, 100, MemoryKind::reserved, "profile"),
  };
  // From 44 to 45 MiB there is too little for any image.
  CHECK(free_for_image(told) ==
        RangeSet{{0, 40 * mib}, {46 * mib, 70 * mib}, {71 * mib, 99 * mib}});
  // Where only that kernel tells of RAM, its reservations may be the firmware's.
  std::vector<MemoryRange> alone(told.begin() + 1, told.end());
  CHECK(free_for_image(alone) ==
        RangeSet{{0, 20 * mib}, {30 * mib, 45 * mib}, {46 * mib, 70 * mib}, {71 * mib, 99 * mib}}
            .minus({{40 * mib, 44 * mib}})
            .minus({{44 * mib, 45 * mib}}));
  // A page of which a part is reserved is no page for it.
  CHECK(free_for_image({{{0, 8 * mib}, MemoryKind::ram, "", "dt"},
                        {{4 * mib - 1, 4 * mib + 1}, MemoryKind::reserved, "", "dt"}}) ==
        RangeSet{{0, 4 * mib - page}, {4 * mib + page, 8 * mib}});
}

TEST_CASE("bundle: its moves give the bytes of every segment, and zeros behind them") {
  BundleScene scene;
  const Made bundle = made(scene);
  const BundlePlan& plan = *bundle.planned.bundle;
  const kxf::Relocation& relocation = plan.relocation;
  REQUIRE(relocation.moves.size() == 4);  // kernel, kernel-2, initrd, dtb
  CHECK(bundle.image.size() == plan.image_bytes());
  CHECK(relocation.payload.end == bundle.image.size());
  CHECK(relocation.staging.size_bytes() == relocation.payload.size_bytes());

  std::uint64_t behind = relocation.payload.start;
  RangeSet taken{plan.purgatories[0], plan.purgatories[1], relocation.staging};
  for (const kxf::BundleMove& move : relocation.moves) {
    CHECK(move.source_offset % kxf::move_alignment == 0);
    CHECK(move.source_offset >= behind);
    CHECK(move.source_offset - behind < kxf::move_alignment);
    behind = move.source_offset + move.size_bytes;
    CHECK(move.destination.size_bytes() % page == 0);
    CHECK_FALSE(taken.overlaps(move.destination));
    CHECK(relocation.memory.contains(move.destination));
    taken = taken.united({move.destination});
  }
  auto move = relocation.moves.begin();
  for (const kxf::Segment& segment : bundle.sealed.segments) {
    if (segment.name == "purgatory") continue;
    CAPTURE(segment.name);
    CHECK(move->destination == segment.range);
    kxf::ByteVector wanted(segment.range.size_bytes());
    std::ranges::copy(segment.bytes.view(), wanted.begin());
    CHECK(moved(bundle, *move) == wanted);
    ++move;
  }
}

TEST_CASE("bundle: its head has a purgatory for each place, with moves and digests") {
  BundleScene scene;
  const Made bundle = made(scene);
  const BundlePlan& plan = *bundle.planned.bundle;
  const std::string_view head = kxf::text_of(bundle.image).substr(0, plan.relocation.payload.start);
  CHECK(plan.purgatories[1].start - plan.purgatories[0].end >= bundle.image.size());
  CHECK(bundle.planned.plan.segment("purgatory")->range == plan.purgatories[0]);
  for (const Range& place : plan.purgatories)
    CHECK(contains(head, fmt::format("at {:#012x} in 0x0000002000 by 0x0010: at {:#x}, to ",
                                     place.start, place.start)));
  for (const kxf::BundleMove& move : plan.relocation.moves)
    CHECK(contains(head, fmt::format("bring {} from {:#012x} to {}\n", move.size_bytes,
                                     move.source_offset, kxf::to_text(move.destination))));
  for (const kxf::Segment& segment : bundle.sealed.segments) {
    if (segment.name == "purgatory") continue;
    const auto digest = *kxf::sha256(segment.bytes.view());
    CHECK(contains(head, fmt::format("verify {} {} {:02x}{:02x}", segment.name,
                                     kxf::to_text(Range::sized(segment.range.start,
                                                               segment.bytes.size_bytes())),
                                     digest[0], digest[1])));
  }
  CHECK(decided(bundle.planned.plan.parts().record, "digest") ==
        "sha256 (a bundle always verifies what it has moved)");
}

TEST_CASE("bundle: the same plan gives the same bytes") {
  BundleScene scene;
  CHECK(made(scene).image == made(scene).image);
}

TEST_CASE("bundle: its tree has no seeds, and nothing of a kexec") {
  BundleScene scene;
  scene.tree.u64("/chosen", "kaslr-seed", 1).flag("/chosen", "linux,booted-from-kexec");
  const Made bundle = made(scene);
  const auto tree =
      kxf::DeviceTree::parse(bundle.sealed.segments[3].bytes.view(), "the tree").value();
  const auto chosen = tree.find("/chosen");
  REQUIRE(chosen);
  for (const char* name : {"kaslr-seed", "rng-seed", "linux,booted-from-kexec"})
    CHECK_FALSE(chosen->has(name));
  CHECK(chosen->has("linux,initrd-start"));
}

TEST_CASE("bundle: what the running kernel can do does not matter") {
  BundleScene scene;
  scene.machine.own_facts.kexec_load = kxf::Support::absent;
  scene.machine.own_facts.kexec_file_load = kxf::Support::present;
  scene.machine.files["/sys/kernel/security/lockdown"] = "none [integrity] confidentiality\n";
  scene.machine.files["/proc/meminfo"] = "MemTotal:  8 kB\n";
  scene.policy.syscall = {kxf::SyscallChoice::kexec_file_load, "board.toml:9:1"};
  scene.policy.digest = {kxf::DigestChoice::none, "board.toml:10:1"};
  const Made bundle = made(scene);
  CHECK(bundle.planned.digest);
  CHECK(decided(bundle.planned.plan.parts().record, "syscall") ==
        "none (firmware starts a bundle)");
}

TEST_CASE("bundle: crash kernels, and architectures without bundles, are refused") {
  BundleScene scene;
  scene.policy.crash = true;
  CHECK(contains(scene.refusal(), "a crash kernel cannot be a bundle"));
  scene.policy.crash = false;
  scene.machine.files.erase("/fake/bundles");
  CHECK(contains(scene.refusal(), "cannot make bundles"));
}

TEST_CASE("bundle: memory without room for staging is refused") {
  BundleScene scene;
  scene.initrd(std::string(8 * mib, 'i'));
  scene.machine.files["/proc/iomem"] = "40000000-40ffffff : System RAM\n";  // 16 MiB
  CHECK(contains(scene.refusal(), "the bundle needs 8 MiB of memory in one piece"));
  scene.machine.files["/proc/iomem"] = "40000000-41ffffff : System RAM\n";
  CHECK(scene.refusal() == "");
}

TEST_CASE("bundle: nothing of it is at address 0, which stands for no place") {
  BundleScene scene;
  scene.machine.files["/proc/iomem"] = "00000000-3fffffff : System RAM\n";
  const Made bundle = made(scene);
  CHECK(bundle.planned.plan.segment("kernel")->range.start == 0);  // as its rule wants it
  CHECK(bundle.planned.bundle->purgatories[0].start != 0);
  scene.initrd(std::string(5 * mib, 'i'));
  scene.machine.files["/proc/iomem"] =
      "00000000-005fffff : System RAM\n40000000-40ffffff : System RAM\n80000000-80ffffff : System "
      "RAM\n";
  CHECK(made(scene).planned.bundle->relocation.staging.start != 0);
}

TEST_CASE("bundle: each purgatory of a finished plan is looked at in its place") {
  BundleScene scene;
  const Made bundle = made(scene);
  for (const Range& place : bundle.planned.bundle->purgatories) {
    scene.machine.files["/fake/no-purgatory-at"] = kxf::hex(place.start);
    const auto refused = make(scene);
    REQUIRE_FALSE(refused);
    CHECK(contains(refused.error().message, "the purgatory is where it must not be"));
  }
}

TEST_CASE("bundle: a file is replaced whole or not at all") {
  BundleScene scene;
  const Made bundle = made(scene);
  const auto file = bundle_file(bundle.planned, bundle.sealed, scene.machine);
  REQUIRE(file);
  const auto path = scene.scratch.write("board.img", "an older one");
  REQUIRE(write_bundle(path, *file));
  CHECK(scene.scratch.read("board.img") == kxf::text_of(bundle.image));
  const auto nowhere = write_bundle(scene.scratch.path() / "no/such/board.img", *file);
  REQUIRE_FALSE(nowhere);
  CHECK(contains(nowhere.error().message, "cannot be created"));
}

}  // namespace bundle_test
