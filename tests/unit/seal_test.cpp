// SPDX-License-Identifier: Apache-2.0
#include "plan/seal.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "fake_scene.hpp"

namespace seal_test {
namespace {

using kxf::SealedPlan;
using kxf::Seeds;
using kxf_test::contains;
using kxf_test::FakeScene;

const kxf::Segment& segment(const SealedPlan& sealed, std::string_view name) {
  const auto found = std::ranges::find(sealed.segments, name, &kxf::Segment::name);
  REQUIRE(found != sealed.segments.end());
  return *found;
}

std::string hex_of(kxf::ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace

TEST_CASE("seal: SHA-256 by the examples of FIPS 180-4") {
  CHECK(hex_of(*kxf::sha256(kxf::bytes_of("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex_of(*kxf::sha256({})) ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST_CASE("seal: with zeros for seeds nothing is random") {
  FakeScene scene;
  const auto planned = scene.planned();
  const auto one = seal(planned, scene.machine, Seeds::zeros);
  const auto two = seal(planned, scene.machine, Seeds::zeros);
  REQUIRE(one);
  REQUIRE(two);
  for (std::size_t i = 0; i < one->segments.size(); ++i)
    CHECK(std::ranges::equal(one->segments[i].bytes.view(), two->segments[i].bytes.view()));
  CHECK(std::ranges::equal(segment(*one, "dtb").bytes.view(),
                           planned.plan.segment("dtb")->bytes.view()));
}

TEST_CASE("seal: random seeds change the seeds and nothing else of the tree") {
  FakeScene scene;
  const auto planned = scene.planned();
  const auto sealed = seal(planned, scene.machine, Seeds::random);
  REQUIRE(sealed);
  const auto before = planned.plan.segment("dtb")->bytes.view();
  const auto after = segment(*sealed, "dtb").bytes.view();
  REQUIRE(before.size() == after.size());
  kxf::ByteVector blanked(after.begin(), after.end());
  for (const kxf::SeedPlace& place : planned.seeds) {
    const auto seed = std::span(blanked).subspan(place.offset, place.size);
    CHECK(std::ranges::any_of(seed, [](std::uint8_t byte) { return byte != 0; }));
    std::ranges::fill(seed, std::uint8_t{0});
  }
  CHECK(std::ranges::equal(blanked, before));
  // The plan itself stays as it was printed.
  CHECK(std::ranges::equal(sealed->plan.segment("dtb")->bytes.view(), before));
  // Another load gets other seeds.
  const auto again = seal(planned, scene.machine, Seeds::random);
  CHECK_FALSE(std::ranges::equal(segment(*again, "dtb").bytes.view(), after));
}

TEST_CASE("seal: digests cover every segment but the purgatory, with the final seeds") {
  FakeScene scene;
  scene.initrd("12345");
  scene.policy.digest = {kxf::DigestChoice::always, "--digest"};
  const auto planned = scene.planned();
  CHECK(planned.digest);
  const auto sealed = seal(planned, scene.machine, Seeds::random);
  REQUIRE(sealed);
  const std::string text(kxf::text_of(segment(*sealed, "purgatory").bytes.view()));
  for (const char* name : {"kernel", "initrd", "dtb"}) {
    CAPTURE(name);
    const kxf::Segment& covered = segment(*sealed, name);
    const auto digest = kxf::sha256(covered.bytes.view()).value();
    const auto bytes = kxf::Range::sized(covered.range.start, covered.bytes.size_bytes());
    CHECK(contains(text, fmt::format("verify {} {} {:02x}{:02x}\n", name, to_text(bytes), digest[0],
                                     digest[1])));
  }
  CHECK_FALSE(contains(text, "verify purgatory"));
}

TEST_CASE("plan: the purgatory knows what it will verify before there are digests") {
  FakeScene scene;
  scene.initrd("12345");
  scene.policy.digest = {kxf::DigestChoice::always, "--digest"};
  const auto planned = scene.planned();
  const std::string text(kxf::text_of(planned.plan.segment("purgatory")->bytes.view()));
  for (const char* name : {"kernel", "initrd", "dtb"}) {
    CAPTURE(name);
    const kxf::Segment& covered = *planned.plan.segment(name);
    const auto bytes = kxf::Range::sized(covered.range.start, covered.bytes.size_bytes());
    CHECK(contains(text, fmt::format("verify {} {} 0000\n", name, to_text(bytes))));
  }
  scene.policy.digest = {kxf::DigestChoice::none, "--digest"};
  const auto without = scene.planned();
  CHECK_FALSE(contains(kxf::text_of(without.plan.segment("purgatory")->bytes.view()), "verify "));
}

TEST_CASE("seal: what goes to the system call points into the sealed segments") {
  FakeScene scene;
  const auto sealed = seal(scene.planned(), scene.machine, Seeds::random);
  REQUIRE(sealed);
  const kxf::ReadyPlan& ready = sealed->ready;
  CHECK(ready.backend == kxf::Backend::kexec_load);
  CHECK(ready.kexec_arch == 0xfe);
  CHECK(ready.entry == sealed->plan.parts().entry);
  REQUIRE(ready.segments.size() == sealed->segments.size());
  for (std::size_t i = 0; i < ready.segments.size(); ++i) {
    CHECK(ready.segments[i].bytes.data() == sealed->segments[i].bytes.view().data());
    CHECK(ready.segments[i].range == sealed->segments[i].range);
  }
}

TEST_CASE("seal: kexec_file_load gets the files and no segments") {
  FakeScene scene;
  scene.machine.own_facts.kexec_file_load = kxf::Support::present;
  scene.initrd("12345");
  scene.policy.command_line = {"quiet", "--command-line"};
  const auto planned = scene.planned();
  const auto sealed = seal(planned, scene.machine, Seeds::random);
  REQUIRE(sealed);
  CHECK(sealed->ready.segments.empty());
  CHECK(kxf::text_of(sealed->ready.kernel_image) == "PLAIN kernel");
  CHECK(kxf::text_of(sealed->ready.initrd_image) == "12345");
  CHECK(sealed->ready.command_line == "quiet");
}

}  // namespace seal_test
