// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "kxf/plan.hpp"

namespace load_plan_test {
namespace {

using kxf::LoadPlan;
using kxf::MemoryKind;
using kxf::PlanParts;

constexpr std::uint64_t mib = 1U << 20U;

PlanParts sound_parts() {
  PlanParts parts;
  parts.arch = "test";
  parts.page_size_bytes = 4096;
  parts.memory = {{{{0, 64 * mib}, MemoryKind::ram, "System RAM", "iomem"},
                   {{32 * mib, 33 * mib}, MemoryKind::reserved, "reserved", "iomem"},
                   {{48 * mib, 56 * mib}, MemoryKind::crash_kernel, "Crash kernel", "iomem"}},
                  {}};
  parts.segments = {{"kernel", kxf::Blob(kxf::ByteVector(100)), {2 * mib, 4 * mib}},
                    {"purgatory", kxf::Blob(kxf::ByteVector(100)), {8 * mib, 8 * mib + 4096}}};
  parts.entry = 8 * mib;
  return parts;
}

/// The message that these parts are refused with; empty when they make a plan.
std::string refusal(const PlanParts& parts) {
  const auto plan = LoadPlan::make(parts);
  return plan ? "" : plan.error().message;
}

}  // namespace

TEST_CASE("plan: sound parts make a plan") {
  const auto plan = LoadPlan::make(sound_parts());
  REQUIRE(plan);
  CHECK(plan->segment("kernel")->range.start == 2 * mib);
  CHECK(plan->segment("initrd") == nullptr);
}

TEST_CASE("plan: each invariant is checked") {
  PlanParts parts = sound_parts();
  SUBCASE("overlap") {
    parts.segments[1].range = {3 * mib, 5 * mib};
    parts.entry = 3 * mib;
    CHECK(refusal(parts) == "segments kernel and purgatory overlap");
  }
  SUBCASE("page alignment") {
    parts.segments[0].range.end -= 1;
    CHECK(refusal(parts).find("not made of whole pages of 4 KiB") != std::string::npos);
  }
  SUBCASE("reserved memory") {
    parts.segments[0].range = {31 * mib, 34 * mib};
    CHECK(refusal(parts).find("leaves the memory that this load may use") != std::string::npos);
  }
  SUBCASE("a normal load stays out of the crash region") {
    parts.segments[0].range = {50 * mib, 52 * mib};
    CHECK(refusal(parts).find("leaves the memory") != std::string::npos);
  }
  SUBCASE("a crash load stays in it") {
    parts.crash = true;
    CHECK(refusal(parts).find("leaves the memory") != std::string::npos);
    parts.segments = {{"kernel", kxf::Blob(kxf::ByteVector(1)), {50 * mib, 52 * mib}}};
    parts.entry = 50 * mib;
    CHECK(refusal(parts) == "");
  }
  SUBCASE("bytes longer than the range") {
    parts.segments[1].bytes = kxf::Blob(kxf::ByteVector(4097));
    CHECK(refusal(parts).find("has 4097 bytes for 4096 bytes of memory") != std::string::npos);
  }
  SUBCASE("entry outside of all segments") {
    parts.entry = 9 * mib;
    CHECK(refusal(parts) == "the entry 0x900000 lies in no segment");
  }
  SUBCASE("more than sixteen segments") {
    for (std::uint64_t i = 0; i < 16; ++i)
      parts.segments.push_back(
          {"more", kxf::Blob(kxf::ByteVector(1)), {(10 + i) * mib, (10 + i) * mib + 4096}});
    CHECK(refusal(parts) == "the plan has 18 segments, the kernel takes 16");
  }
  SUBCASE("no segments") {
    parts.segments.clear();
    CHECK(refusal(parts) == "a plan without segments");
  }
  SUBCASE("an empty segment") {
    parts.segments[0].range = {2 * mib, 2 * mib};
    CHECK(refusal(parts) == "segment kernel is empty");
  }
}

}  // namespace load_plan_test
