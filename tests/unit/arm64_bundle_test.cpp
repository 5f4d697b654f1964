// SPDX-License-Identifier: Apache-2.0
//
// The arm64 half of bundles, as bytes: the head, the parameters, what is mapped. That a bundle does
// what they say is proven in an emulator (tests/purgatory/arm64-run.sh).
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "arm64/arm64.hpp"
#include "arm64/page_tables.hpp"
#include "arm64/purgatory/mmu.h"
#include "map_machine.hpp"

namespace arm64_bundle_test {
namespace {

using kxf::Range;
using kxf_test::TreeMaker;

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

/// A kernel and an initrd, in 256 MiB of RAM.
struct Asked {
  kxf::KernelSpec kernel{};
  kxf_test::MapMachine machine{};
  kxf::Settings settings{};
  std::uint64_t own = 0x4a000000;
  kxf::Relocation relocation{{{64 * kib, 5 * mib, {0x40200000, 0x40a00000}},
                              {64 * kib + 5 * mib, mib - 1, {0x48000000, 0x48100000}}},
                             {64 * kib, 64 * kib + 6 * mib - 1},
                             Range::sized(0x4c000000, 6 * mib - 1),
                             {{0x40000000, 0x50000000}}};
  std::vector<kxf::DigestEntry> digests{{"kernel", Range::sized(0x40200000, 5 * mib), {}},
                                        {"initrd", Range::sized(0x48000000, mib - 1), {}}};
  std::optional<kxf::BackupCopy> backup{};

  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> answer() const {
    kxf::PurgatoryQuestion question{kernel, own, 0, 0, nullptr, digests, machine, settings, backup};
    question.relocation = &relocation;
    return kxf::arm64::architecture().purgatory(question);
  }
  [[nodiscard]] kxf::PurgatoryImage image() const {
    auto made = answer();
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
    return *made;
  }
  [[nodiscard]] std::string refusal() const {
    const auto made = answer();
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
  }
};

template <class T>
T param(const kxf::PurgatoryImage& image, std::size_t field) {
  const kxf::Bytes bytes(image.bytes);
  const auto params =
      bytes.read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET + offsetof(kxf_blob_header, params_offset));
  return bytes.read<T>(*params + field).value();
}

std::uint64_t relocation_param(const kxf::PurgatoryImage& image, std::size_t field) {
  return param<std::uint64_t>(image, offsetof(kxf_params, relocation) + field);
}

kxf::Result<kxf::ByteVector> head_of(const kxf::PurgatoryImage& first,
                                     const kxf::PurgatoryImage& second, const kxf::Machine& machine,
                                     std::uint64_t payload) {
  return kxf::arm64::architecture().bundle_head(
      {machine,
       {kxf::BundlePurgatory{0x4a000000, first.bytes, first.memory_size, first.entry_offset},
        kxf::BundlePurgatory{0x4c000000, second.bytes, second.memory_size, second.entry_offset}},
       payload});
}

std::uint64_t word(kxf::ByteView bytes, std::size_t at) {
  return kxf::Bytes(bytes).read<std::uint64_t>(at).value();
}

/// What the purgatory reads of its tables, which are where `own` says in this process.
kxf_mmu mmu_of(const kxf::PurgatoryImage& image) {
  constexpr std::size_t at = offsetof(kxf_params, mmu);
  kxf_mmu mmu{};
  mmu.tables = param<std::uint64_t>(image, at + offsetof(kxf_mmu, tables));
  mmu.tables_size = param<std::uint64_t>(image, at + offsetof(kxf_mmu, tables_size));
  mmu.granule_bits = param<std::uint32_t>(image, at + offsetof(kxf_mmu, granule_bits));
  mmu.first_level = param<std::uint32_t>(image, at + offsetof(kxf_mmu, first_level));
  mmu.va_bits = param<std::uint32_t>(image, at + offsetof(kxf_mmu, va_bits));
  return mmu;
}

bool maps(const kxf_mmu& mmu, const Range& range, kxf::arm64::Access access) {
  const kxf_mapping mapping{range.start, range.end, kxf::arm64::attributes_of(access)};
  return range.empty() || kxf_mmu_maps(&mmu, &mapping) != 0;
}

std::uint64_t pick(std::uint64_t below) { return *rc::gen::inRange<std::uint64_t>(0, below); }

/// Memory in one range around the purgatory and more above it, which all begin and end at any
/// page of 4 KiB; segments at the ends of one of them.
void scatter(Asked& asked, std::uint64_t own_bytes) {
  constexpr std::uint64_t page = 4 * kib;
  const std::uint64_t below = pick(3) == 0 ? 0 : pick(1U << 18U) * page;
  std::uint64_t end = asked.own + own_bytes + pick(1U << 18U) * page;
  std::vector<Range> ranges{{asked.own - below, end}};
  const std::uint64_t more = 1 + pick(4);
  for (std::uint64_t i = 0; i < more; ++i) {
    const std::uint64_t start = end + (1 + pick(1U << pick(20))) * page;
    end = start + (32 + pick(1U << pick(20))) * page;
    ranges.push_back({start, end});
  }
  asked.relocation.memory = kxf::RangeSet(ranges);
  const Range last = ranges.back();
  asked.relocation.moves[0] = {0, 100, Range::sized(last.start, 8 * page)};
  asked.relocation.moves[1] = {128, 5, {last.end - 8 * page, last.end}};
  asked.relocation.payload = {0, 133};
  asked.relocation.staging = Range::sized(last.start + 16 * page, 133);
  asked.digests[0].range = Range::sized(last.start, 100);
  asked.digests[1].range = Range::sized(last.end - 8 * page, 5);
}

}  // namespace

TEST_CASE("the head of a bundle is a kernel image to whoever starts one") {
  const kxf::PurgatoryImage image = Asked{}.image();
  auto head = head_of(image, image, kxf_test::MapMachine{}, 12345);
  REQUIRE(head.has_value());
  CHECK(head->size() % kxf::move_alignment == 0);
  CHECK(head->size() > 2 * image.bytes.size());
  head->resize(head->size() + 12345);
  kxf::Record record;
  const kxf::Settings settings{{"size-when-unknown", "16"}};
  const auto contents = kxf::arm64::image_format().parse(*head, {settings}, record);
  REQUIRE(contents.has_value());
  REQUIRE(contents->kernel.has_value());
  const kxf::KernelSpec& kernel = *contents->kernel;
  CHECK(kernel.memory_size == head->size());
  CHECK(kernel.base_offset == 0);
  CHECK(kernel.placement == kxf::Placement::anywhere);
  CHECK(kernel.endian == kxf::Endian::little);
  CHECK_FALSE(kernel.page_size_bytes.has_value());
}

TEST_CASE("the head tells where both purgatories are and where they go") {
  Asked asked;
  const kxf::PurgatoryImage first = asked.image();
  asked.own = 0x4d000000;
  const kxf::PurgatoryImage second = asked.image();
  const auto head = head_of(first, second, asked.machine, 64);
  REQUIRE(head.has_value());
  const kxf::PurgatoryImage* images[] = {&first, &second};
  const std::uint64_t addresses[] = {0x4a000000, 0x4c000000};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto field = [&](std::size_t at) {
      return word(*head, KXF_BUNDLE_PLACES + i * KXF_BUNDLE_PLACE_SIZE + at);
    };
    CHECK(field(offsetof(kxf_bundle_place, address)) == addresses[i]);
    CHECK(field(offsetof(kxf_bundle_place, entry)) == addresses[i]);
    CHECK(field(offsetof(kxf_bundle_place, memory_size)) == images[i]->memory_size);
    const std::uint64_t size = field(offsetof(kxf_bundle_place, size_bytes));
    CHECK(size == kxf::align_up(images[i]->bytes.size(), 64));
    const std::uint64_t offset = field(offsetof(kxf_bundle_place, offset));
    REQUIRE(offset % 64 == 0);
    REQUIRE(offset + size <= head->size());
    CHECK(std::ranges::equal(kxf::ByteView(*head).subspan(offset, images[i]->bytes.size()),
                             images[i]->bytes));
  }
}

TEST_CASE("a machine that EFI started gets no bundle") {
  const kxf::PurgatoryImage image = Asked{}.image();
  const kxf_test::MapMachine machine(
      TreeMaker().u64("/chosen", "linux,uefi-system-table", 0x1234).done());
  const auto head = head_of(image, image, machine, 64);
  REQUIRE_FALSE(head.has_value());
  CHECK(head.error().message.starts_with("this machine was started by EFI"));
}

TEST_CASE("the purgatory is told what to move") {
  const kxf::PurgatoryImage image = Asked{}.image();
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, relocation)) == 2);
  CHECK(relocation_param(image, offsetof(kxf_relocation, payload_start)) == 64 * kib);
  CHECK(relocation_param(image, offsetof(kxf_relocation, payload_end)) == 64 * kib + 6 * mib - 1);
  CHECK(relocation_param(image, offsetof(kxf_relocation, staging)) == 0x4c000000);
  constexpr std::size_t second = offsetof(kxf_relocation, moves) + sizeof(kxf_move);
  CHECK(relocation_param(image, second + offsetof(kxf_move, source)) == 64 * kib + 5 * mib);
  CHECK(relocation_param(image, second + offsetof(kxf_move, size_bytes)) == mib - 1);
  CHECK(relocation_param(image, second + offsetof(kxf_move, destination)) == 0x48000000);
  CHECK(relocation_param(image, second + offsetof(kxf_move, memory_size)) == mib);
}

TEST_CASE("the plan says what a bundle's purgatory has the MMU on for") {
  Asked asked;
  const auto choice = [&] { return asked.image().decisions.at(0).choice; };
  CHECK(choice() == "on while it moves and verifies segments, 3 page tables of 4 KiB");
  CHECK(asked.image().decisions.at(0).reason ==
        "the running kernel's pages have 4 KiB; 5 ranges below 2^32 in blocks of up to 2 MiB; room "
        "for 19 tables, as places are chosen later");
  asked.digests.clear();
  CHECK(choice() == "on while it moves segments, 3 page tables of 4 KiB");
}

TEST_CASE("a bundle's purgatory maps RAM for writing, its own pages as ever, and nothing else") {
  CHECK(rc::check([] {
    using kxf::arm64::Access;
    Asked asked;
    const std::uint64_t granule = *rc::gen::element(4 * kib, 16 * kib, 64 * kib);
    asked.machine.own_facts.page_size_bytes = granule;
    // The code reads tables where they are: here, in this process.
    asked.own = 0;
    kxf::ByteVector held(asked.image().memory_size + 4 * mib);
    const auto held_at = reinterpret_cast<std::uint64_t>(held.data());
    asked.own = *kxf::align_up(held_at, 64 * kib);
    scatter(asked, 2 * mib);
    const kxf::PurgatoryImage image = asked.image();
    std::ranges::copy(image.bytes, held.begin() + static_cast<std::ptrdiff_t>(asked.own - held_at));
    const kxf_mmu mmu = mmu_of(image);
    RC_ASSERT(mmu.tables != 0);
    const Range own = Range::sized(asked.own, image.memory_size);

    for (const Range& range : asked.relocation.memory.trimmed_to(granule).minus({own}))
      RC_ASSERT(maps(mmu, range, Access::data));
    for (const kxf::BundleMove& move : asked.relocation.moves)
      RC_ASSERT(maps(mmu, move.destination, Access::data));
    RC_ASSERT(maps(mmu, asked.relocation.staging, Access::data));
    RC_ASSERT(maps(mmu, Range::sized(asked.own, 4 * kib), Access::code));
    RC_ASSERT(maps(mmu, Range::sized(asked.own + KXF_DATA_OFFSET, 4 * kib), Access::data));
    RC_ASSERT(maps(mmu, {mmu.tables, own.end}, Access::constant));
    // What is not RAM, but for the pages that RAM begins or ends on.
    for (const Range& range : asked.relocation.memory.grown_to(granule)) {
      const Range before{range.start - granule, range.start};
      const Range behind{range.end, range.end + granule};
      for (const Range& beside : {before, behind})
        if (!asked.relocation.memory.grown_to(granule).overlaps(beside))
          RC_ASSERT(!maps(mmu, beside, Access::data));
    }
  }));
}

TEST_CASE("the size of a bundle's purgatory does not depend on where anything is") {
  CHECK(rc::check([] {
    Asked asked;
    asked.machine.own_facts.page_size_bytes = *rc::gen::element(4 * kib, 16 * kib, 64 * kib);
    asked.own = 0x8000000000;
    scatter(asked, 2 * mib);
    const kxf::PurgatoryImage full = asked.image();
    asked.own = 0;
    asked.relocation.payload = asked.relocation.staging = {};
    for (kxf::BundleMove& move : asked.relocation.moves) {
      move.source_offset = 0;
      move.destination = {0, move.destination.size_bytes()};
    }
    for (kxf::DigestEntry& digest : asked.digests) digest.range = {0, digest.range.size_bytes()};
    RC_ASSERT(asked.image().memory_size == full.memory_size);
    RC_ASSERT(full.bytes.size() <= full.memory_size);
  }));
}

TEST_CASE("segments that cannot be brought to their places are refused") {
  Asked asked;
  kxf::Relocation& relocation = asked.relocation;
  SUBCASE("none") {
    relocation.moves.clear();
    CHECK(asked.refusal() ==
          "0 segments are to be brought to their places, the arm64 purgatory takes 1 to 16");
  }
  SUBCASE("more than fit") {
    relocation.moves.resize(17);
    CHECK(asked.refusal() ==
          "17 segments are to be brought to their places, the arm64 purgatory takes 1 to 16");
  }
  SUBCASE("more bytes than the place has") {
    relocation.moves[1].destination.end -= 4096;
    CHECK(asked.refusal() ==
          "1048575 bytes are to be brought to 0x48000000-0x480fefff, which is too small or no "
          "whole pages");
  }
  SUBCASE("no place at all") {
    relocation.moves[1] = {64 * kib + 5 * mib, 0, {0x48000000, 0x48000000}};
    CHECK(asked.refusal().starts_with("0 bytes are to be brought to "));
  }
  SUBCASE("a place that is no page") {
    relocation.moves[1].destination.start += 64;
    CHECK(asked.refusal().find("0x48000040-0x480fffff, which is too small or no whole pages") !=
          std::string::npos);
  }
  SUBCASE("two segments in the same place") {
    relocation.moves[1].destination = relocation.moves[0].destination;
    CHECK(asked.refusal() ==
          "a bundle's segment would be brought to 0x40200000-0x409fffff, over "
          "0x40200000-0x409fffff");
  }
  SUBCASE("the purgatory's place") {
    relocation.moves[1].destination = {0x49f80000, 0x4a080000};
    CHECK(asked.refusal().starts_with(
        "a bundle's segment would be brought to 0x49f80000-0x4a07ffff, over 0x4a000000-"));
  }
  SUBCASE("staging on a destination") {
    relocation.staging = Range::sized(0x40900000, relocation.payload.size_bytes());
    CHECK(asked.refusal().find(", over 0x40200000-0x409fffff") != std::string::npos);
  }
  SUBCASE("staging that is too small") {
    relocation.staging.end -= 1;
    CHECK(asked.refusal().find("too small for 6291455 bytes") != std::string::npos);
  }
  SUBCASE("a place without memory") {
    relocation.memory = {{0x40000000, 0x48000000}, {0x49000000, 0x50000000}};
    CHECK(asked.refusal() ==
          "a bundle's segment would be brought to 0x48000000-0x480fffff, outside of memory");
  }
  SUBCASE("bytes that are not aligned") {
    relocation.moves[1].source_offset += 8;
    CHECK(asked.refusal().find("which is not aligned to 64 bytes or lies outside of") !=
          std::string::npos);
  }
  SUBCASE("bytes that are moved twice") {
    relocation.moves[1].source_offset = relocation.moves[0].source_offset;
    CHECK(asked.refusal().find("lies outside of 0x510000 to 0x60ffff") != std::string::npos);
  }
  SUBCASE("bytes outside of the payload") {
    relocation.payload.end -= 1;
    CHECK(asked.refusal().find("lies outside of 0x510000 to 0x60fffe") != std::string::npos);
  }
}

}  // namespace arm64_bundle_test
