// SPDX-License-Identifier: Apache-2.0
//
// The blob and its parameters. That the blob does what they say is proven in an emulator
// (tests/purgatory/arm64-run.sh).
#include <doctest/doctest.h>

#include <string>

#include "arm64/arm64.hpp"
#include "arm64/page_tables.hpp"
#include "arm64/purgatory/params.h"
#include "map_machine.hpp"

namespace arm64_purgatory_test {
namespace {

struct Asked {
  kxf::KernelSpec kernel{};
  kxf_test::MapMachine machine{};
  kxf::Settings settings{{"purgatory-icache", "on"}};
  kxf::SinkProgram sink{};
  std::uint64_t own = 0x4a000000;
  std::uint64_t entry = 0x40200000;
  std::uint64_t tree = 0x4f000000;
  std::vector<kxf::DigestEntry> digests{};
  std::optional<kxf::BackupCopy> backup{};
  bool may_use_mmu = true;
  std::optional<kxf::Breadcrumb> breadcrumb{};

  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> answer() const {
    return kxf::arm64::architecture().purgatory(
        {kernel, own, entry, tree, sink.steps.empty() ? nullptr : &sink, digests, machine, settings,
         backup, may_use_mmu, nullptr, breadcrumb});
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

kxf::SinkProgram pl011_program() {
  return {
      0x9000000,
      0x1a,
      {{.op = kxf::SinkOp::poll, .width_bytes = 2, .offset = 0x18, .mask = 0x20, .count = 100'000},
       {.op = kxf::SinkOp::put, .width_bytes = 2}}};
}

/// A field of the parameter block, as the purgatory reads it.
template <class T>
T param(const kxf::PurgatoryImage& image, std::size_t field) {
  const kxf::Bytes bytes(image.bytes);
  const auto params =
      bytes.read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET + offsetof(kxf_blob_header, params_offset));
  return bytes.read<T>(*params + field).value();
}

constexpr std::size_t digest_field(std::size_t index, std::size_t field) {
  return offsetof(kxf_params, digests) + index * sizeof(kxf_digest) + field;
}

constexpr std::size_t mmu_field(std::size_t field) { return offsetof(kxf_params, mmu) + field; }

/// One segment to verify, and a console.
struct Verifying : Asked {
  Verifying() {
    sink = pl011_program();
    digests = {{"kernel", kxf::Range::sized(0x40200000, 5 << 20), {}}};
  }
};

}  // namespace

TEST_CASE(
    "a purgatory that verifies gets tables of the running kernel's pages, and says how many") {
  Verifying asked;
  SUBCASE("4 KiB") {
    const kxf::PurgatoryImage image = asked.image();
    REQUIRE(image.decisions.size() == 1);
    CHECK(image.decisions[0].topic == "purgatory MMU");
    CHECK(image.decisions[0].choice == "on while it verifies, 6 page tables of 4 KiB");
    CHECK(
        image.decisions[0].reason ==
        "the running kernel's pages have 4 KiB; 5 ranges below 2^32 in blocks of up to 2 MiB; room "
        "for 19 tables, as places are chosen later");
    const auto tables = param<std::uint64_t>(image, mmu_field(offsetof(kxf_mmu, tables)));
    CHECK(tables > asked.own + KXF_DATA_OFFSET);
    CHECK(image.bytes.size() - (tables - asked.own) == 6 * 4096);
    CHECK(param<std::uint64_t>(image, mmu_field(offsetof(kxf_mmu, tables_size))) == 6 * 4096);
    CHECK(param<std::uint64_t>(image, mmu_field(offsetof(kxf_mmu, ttbr0))) == tables);
    CHECK(param<std::uint32_t>(image, mmu_field(offsetof(kxf_mmu, granule_bits))) == 12);
  }
  SUBCASE("64 KiB") {
    asked.machine.own_facts.page_size_bytes = 65536;
    const kxf::PurgatoryImage image = asked.image();
    CHECK(image.alignment == 65536);
    CHECK(image.decisions.at(0).choice == "on while it verifies, 3 page tables of 64 KiB");
  }
  SUBCASE("by a setting") {
    asked.settings["purgatory-pages"] = "16K";
    CHECK(asked.image().decisions.at(0).reason.starts_with("setting purgatory-pages; "));
  }
}

TEST_CASE("where the MMU stays off, the plan says why") {
  Verifying asked;
  const auto why = [&] {
    const kxf::PurgatoryImage image = asked.image();
    CHECK(param<std::uint64_t>(image, mmu_field(offsetof(kxf_mmu, tables))) == 0);
    REQUIRE(image.decisions.size() == 1);
    CHECK(image.decisions[0].choice == "off");
    return image.decisions[0].reason;
  };
  SUBCASE("the policy says so") {
    asked.may_use_mmu = false;
    CHECK(why() == "purgatory.mmu");
  }
  SUBCASE("a page size that is none") {
    asked.machine.own_facts.page_size_bytes = 8192;
    CHECK(why() == "the running kernel's pages have 8 KiB, which no arm64 CPU has");
  }
  SUBCASE("memory that small pages cannot reach") {
    asked.digests[0].range = kxf::Range::sized(0x1000000000000, 4096);
    CHECK(why().find("more than 48 bits") != std::string::npos);
  }
  SUBCASE("a console on a page of memory") {
    asked.sink.phys_base = 0x40200000;
    CHECK(why().find("share a page of 4 KiB and need different access") != std::string::npos);
  }
}

TEST_CASE("the purgatory is told where the kernel and the tree are") {
  const kxf::PurgatoryImage image = Asked{}.image();
  CHECK(image.entry_offset == 0);
  CHECK(image.alignment == 4096);
  CHECK(param<std::uint64_t>(image, offsetof(kxf_params, kernel_entry)) == 0x40200000);
  CHECK(param<std::uint64_t>(image, offsetof(kxf_params, tree)) == 0x4f000000);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, console.step_count)) == 0);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, digest_count)) == 0);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, flags)) == KXF_FLAG_ICACHE);
}

TEST_CASE("the purgatory's size does not depend on what it is told") {
  Asked sizes;
  sizes.own = sizes.entry = sizes.tree = 0;
  Asked full;
  full.sink = pl011_program();
  sizes.sink = full.sink;
  for (std::size_t i = 0; i < 16; ++i) {
    sizes.digests.push_back({"segment", {0, 3 << 20}, {}});
    full.digests.push_back(
        {"segment", kxf::Range::sized(0x7c0000000000 + i * 0x7ffe00000, 3 << 20), {}});
  }
  SUBCASE("4 KiB pages") {}
  SUBCASE("16 KiB pages") {
    sizes.machine.own_facts.page_size_bytes = full.machine.own_facts.page_size_bytes = 16384;
  }
  SUBCASE("64 KiB pages") {
    sizes.machine.own_facts.page_size_bytes = full.machine.own_facts.page_size_bytes = 65536;
  }
  SUBCASE("MMU off") { sizes.may_use_mmu = full.may_use_mmu = false; }
  CHECK(sizes.image().memory_size == full.image().memory_size);
  CHECK(full.image().bytes.size() <= full.image().memory_size);
}

TEST_CASE("a purgatory that verifies nothing has no tables and takes less than 128 KiB") {
  const kxf::PurgatoryImage image = Asked{}.image();
  CHECK(param<std::uint64_t>(image, mmu_field(offsetof(kxf_mmu, tables))) == 0);
  CHECK(image.memory_size < 128 * 1024);
  CHECK(image.decisions.empty());
}

TEST_CASE("the purgatory's writable pages are behind its bytes, not among them") {
  const kxf::PurgatoryImage image = Asked{}.image();
  CHECK(image.bytes.size() <= KXF_DATA_OFFSET);
  CHECK(image.memory_size % 4096 == 0);
  CHECK(image.memory_size - KXF_DATA_OFFSET >= 4096);
}

TEST_CASE("the purgatory gets the console's program step by step") {
  Asked asked;
  asked.sink = pl011_program();
  const kxf::PurgatoryImage image = asked.image();
  CHECK(param<std::uint64_t>(image, offsetof(kxf_params, console.phys_base)) == 0x9000000);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, console.step_count)) == 2);
  constexpr std::size_t first = offsetof(kxf_params, console.steps);
  CHECK(param<std::uint8_t>(image, first + offsetof(kxf_sink_step, operation)) == 1);
  CHECK(param<std::uint8_t>(image, first + offsetof(kxf_sink_step, width_bytes)) == 2);
  CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, offset)) == 0x18);
  CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, mask)) == 0x20);
  CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, count)) > 0);
  constexpr std::size_t second = first + sizeof(kxf_sink_step);
  CHECK(param<std::uint8_t>(image, second + offsetof(kxf_sink_step, operation)) == 3);
}

TEST_CASE("the purgatory gets each digest with the name of its segment, cut to what fits") {
  Asked asked;
  kxf::Sha256 digest{};
  digest[0] = 0xab;
  digest[31] = 0xcd;
  asked.digests = {{"kernel", kxf::Range::sized(0x40200000, 12345), digest},
                   {std::string(100, 'n'), kxf::Range::sized(0x48000000, 1), {}}};
  const kxf::PurgatoryImage image = asked.image();
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, digest_count)) == 2);
  CHECK(param<std::uint64_t>(image, digest_field(0, offsetof(kxf_digest, start))) == 0x40200000);
  CHECK(param<std::uint64_t>(image, digest_field(0, offsetof(kxf_digest, size_bytes))) == 12345);
  CHECK(param<std::uint8_t>(image, digest_field(0, offsetof(kxf_digest, sha256))) == 0xab);
  CHECK(param<std::uint8_t>(image, digest_field(0, offsetof(kxf_digest, sha256) + 31)) == 0xcd);
  CHECK(param<std::uint8_t>(image, digest_field(0, offsetof(kxf_digest, name))) == 'k');
  CHECK(param<std::uint8_t>(image, digest_field(0, offsetof(kxf_digest, name) + 6)) == 0);
  CHECK(param<std::uint8_t>(image, digest_field(1, offsetof(kxf_digest, name) + 30)) == 'n');
  CHECK(param<std::uint8_t>(image, digest_field(1, offsetof(kxf_digest, name) + 31)) == 0);
}

TEST_CASE("the purgatory gets the breadcrumb's place, on a page that is mapped as a device") {
  Verifying asked;
  asked.breadcrumb = {kxf::Range::sized(0x7fff0000, 168), kxf::Breadcrumb::Form::record};
  const kxf::PurgatoryImage image = asked.image();
  constexpr std::size_t place = offsetof(kxf_params, console.breadcrumb);
  CHECK(param<std::uint64_t>(image, place + offsetof(kxf_breadcrumb_place, start)) == 0x7fff0000);
  CHECK(param<std::uint32_t>(image, place + offsetof(kxf_breadcrumb_place, size_bytes)) == 168);
  CHECK(param<std::uint32_t>(image, place + offsetof(kxf_breadcrumb_place, form)) == 0);
  const std::size_t own = mmu_field(offsetof(kxf_mmu, own) + 3 * sizeof(kxf_mapping));
  CHECK(param<std::uint64_t>(image, own) == 0x7fff0000);
  CHECK(param<std::uint64_t>(image, own + offsetof(kxf_mapping, attributes)) ==
        kxf::arm64::attributes_of(kxf::arm64::Access::device));
  // The size is asked before anything has a place.
  asked.own = 0;
  CHECK(asked.image().memory_size == image.memory_size);
}

TEST_CASE("a breadcrumb that cannot be left is refused") {
  Verifying asked;
  asked.breadcrumb = {kxf::Range::sized(0x7fff0000, 168), kxf::Breadcrumb::Form::record};
  SUBCASE("on a page with a segment") {
    asked.breadcrumb->range = kxf::Range::sized(0x406fff00, 168);
    asked.digests[0].range.end -= 0x100;
    CHECK(
        asked.refusal() ==
        "the breadcrumb (0x406fff00-0x406fffa7) shares a page of 4 KiB with 0x40200000-0x406ffeff, "
        "which the purgatory maps, too");
  }
  SUBCASE("on a page with the console") {
    asked.breadcrumb->range = kxf::Range::sized(0x9000100, 168);
    CHECK(asked.refusal().find("shares a page of 4 KiB with 0x9000000-") != std::string::npos);
    asked.may_use_mmu = false;
    CHECK(asked.answer().has_value());
  }
  SUBCASE("over the purgatory") {
    asked.breadcrumb->range = kxf::Range::sized(asked.own, 168);
    CHECK(asked.refusal().find("over the purgatory") != std::string::npos);
  }
  SUBCASE("over a segment") {
    asked.breadcrumb->range = kxf::Range::sized(0x40200000, 168);
    CHECK(asked.refusal().find("over segment kernel") != std::string::npos);
  }
  SUBCASE("unaligned, or too small") {
    asked.breadcrumb->range = kxf::Range::sized(0x7fff0004, 168);
    CHECK(asked.refusal().find("not a multiple of 8") != std::string::npos);
    asked.breadcrumb->range = kxf::Range::sized(0x7fff0000, 160);
    CHECK(asked.refusal().find("not of 168 to 2^32 bytes") != std::string::npos);
  }
}

TEST_CASE("what the purgatory cannot do is refused") {
  Asked asked;
  SUBCASE("a console behind firmware") {
    asked.sink.steps = {{.op = kxf::SinkOp::firmware}};
    CHECK(asked.refusal() ==
          "the console is behind a firmware call, which the arm64 purgatory cannot make");
  }
  SUBCASE("a step of another time") {
    asked.sink.steps = {{.op = static_cast<kxf::SinkOp>(77)}};
    CHECK(asked.refusal() == "console step 0 has the unknown operation 77");
  }
  SUBCASE("more digests than fit") {
    asked.digests.resize(17);
    CHECK(asked.refusal() == "17 ranges are to be verified, the arm64 purgatory takes 16");
  }
  SUBCASE("more steps than fit") {
    asked.sink.steps.resize(9);
    CHECK(asked.refusal() == "the console's program has 9 steps, the arm64 purgatory takes 8");
  }
  SUBCASE("an access that would fault with the MMU off") {
    asked.sink = pl011_program();
    asked.sink.phys_base += 1;
    CHECK(asked.refusal() ==
          "console step 0 would access 2 bytes at 0x9000019, which is unaligned");
  }
  SUBCASE("an entry that is no instruction's address") {
    asked.entry += 2;
    CHECK(asked.refusal() == "the kernel's entry 0x40200002 is no address of an arm64 instruction");
  }
  SUBCASE("to hash itself") {
    asked.digests = {{"kernel", {0x49ff0000, 0x4a001000}, {}}};
    CHECK(asked.refusal().find("overlaps the purgatory") != std::string::npos);
  }
  SUBCASE("to hash from an odd address") {
    asked.digests = {{"kernel", {0x40200004, 0x40201000}, {}}};
    CHECK(asked.refusal().find("not aligned to 8 bytes") != std::string::npos);
  }
  SUBCASE("to run where its pages do not line up") {
    asked.own += 0x800;
    CHECK(asked.refusal() == "arm64 purgatory at 0x4a000800: not a multiple of 4096");
  }
  SUBCASE("to hand over a tree that no kernel would take") {
    asked.tree += 4;
    CHECK(asked.refusal() == "device tree at 0x4f000004: not a multiple of 8");
  }
  SUBCASE("pages that no CPU has") {
    asked.settings["purgatory-pages"] = "8K";
    CHECK(asked.refusal() ==
          "setting purgatory-pages of the architecture arm64 is \"8K\", it takes auto, 4K, 16K or "
          "64K");
  }
  SUBCASE("pages that this CPU does not have") {
    asked.settings["purgatory-pages"] = "16K";
    asked.machine.files["/proc/cpuinfo"] = "CPU implementer\t: 0x41\nCPU part\t: 0xd07\n";
    CHECK(asked.refusal() ==
          "setting purgatory-pages of the architecture arm64 is 16K, and this CPU (Cortex-A57) has "
          "no "
          "pages of 16 KiB");
  }
  SUBCASE("a setting that it does not have") {
    asked.settings["purgatory-icache"] = "perhaps";
    CHECK(asked.refusal() ==
          "setting purgatory-icache of the architecture arm64 is \"perhaps\", it takes on or off");
  }
}

TEST_CASE("the arm64 purgatory saves no memory, and says so") {
  Asked asked;
  asked.backup = {{0x40000000, 0x40010000}, 0x48000000};
  CHECK(asked.refusal() ==
        "the arm64 purgatory saves no memory, and 0x40000000-0x4000ffff is to be saved");
}

}  // namespace arm64_purgatory_test
