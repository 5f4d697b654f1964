// SPDX-License-Identifier: Apache-2.0
//
// The blob and its parameters. That the blob does what they say is proven in an
// emulator (tests/purgatory/ppc64-run.sh).
#include <doctest/doctest.h>

#include <string>

#include "ppc64/purgatory/params.h"
#include "ppc64_scene.hpp"

namespace ppc64_purgatory_test {
namespace {

using namespace kxf_test::power;

struct Asked {
  kxf::ByteVector kernel_bytes = kxf_test::power::kernel_bytes(kxf::Endian::little, run0);
  kxf::KernelSpec kernel = kernel_of(kernel_bytes, kxf::Endian::little);
  PowerMachine machine{lpar_tree()};
  kxf::Settings settings = automatic;
  kxf::SinkProgram sink{};
  std::uint64_t own = 0xa000000;
  std::uint64_t entry = 0x2890000;
  std::uint64_t tree = 0xf000000;
  std::vector<kxf::DigestEntry> digests{};
  std::optional<kxf::BackupCopy> backup{};
  std::optional<kxf::Breadcrumb> breadcrumb{};

  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> answer() const {
    return kxf::ppc64::make_purgatory(
        {kernel, own, entry, tree, sink.steps.empty() ? nullptr : &sink, digests, machine.machine,
         settings, backup, true, nullptr, breadcrumb});
  }
  [[nodiscard]] kxf::PurgatoryImage image() const { return value_of(answer()); }
  [[nodiscard]] std::string refusal() const {
    const auto made = answer();
    REQUIRE_FALSE(made.has_value());
    return made.error().message;
  }
};

kxf::SinkProgram firmware_program(std::uint32_t terminal) {
  kxf::SinkProgram program;
  program.steps = {{.op = kxf::SinkOp::firmware, .value = terminal}};
  return program;
}

kxf::SinkProgram uart_program() {
  kxf::SinkProgram program;
  program.phys_base = 0x60300d0010003f8;
  program.size_bytes = 8;
  program.steps = {{.op = kxf::SinkOp::poll, .offset = 5, .mask = 0x20, .value = 0x20, .count = 9},
                   {.op = kxf::SinkOp::put}};
  return program;
}

/// Where the parameter block is.
std::uint32_t params_of(const kxf::PurgatoryImage& image) {
  return kxf::Bytes(image.bytes, kxf::Endian::big)
      .read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET + offsetof(kxf_blob_header, params_offset))
      .value();
}

/// A field of the parameter block, as the purgatory reads it.
template <class T>
T param(const kxf::PurgatoryImage& image, std::size_t field) {
  return kxf::Bytes(image.bytes, kxf::Endian::big).read<T>(params_of(image) + field).value();
}

std::uint32_t word(const kxf::PurgatoryImage& image, std::size_t offset, kxf::Endian endian) {
  return kxf::Bytes(image.bytes, endian).read<std::uint32_t>(offset).value();
}

kxf::ppc64::PurgatoryContents contents_of(const kxf::PurgatoryImage& image) {
  return value_of(kxf::ppc64::read_purgatory(image.bytes));
}

std::string unreadable(kxf::ByteView bytes) {
  const auto contents = kxf::ppc64::read_purgatory(bytes);
  REQUIRE_FALSE(contents.has_value());
  return contents.error().message;
}

}  // namespace

TEST_CASE("the ppc64 purgatory's head is the kernel's own, but for two branches") {
  Asked asked;
  asked.kernel.patches = {{0x5c, {0, 0, 0, 1}, "stay"}};
  const kxf::PurgatoryImage image = asked.image();
  CHECK(image.entry_offset == 0);
  for (std::size_t i = 8; i < 0x100; ++i) {
    CAPTURE(i);
    const bool patched = i >= 0x5c && i < 0x60;
    CHECK(image.bytes[i] == (patched ? i == 0x5f : asked.kernel_bytes[i]));
  }
  // Big-endian: a branch (opcode 18) over the head. Little-endian: tdi (opcode 2) with no
  // condition, which does nothing, and behind it a branch over the head.
  const std::uint32_t big = word(image, 0, kxf::Endian::big);
  CHECK((big >> 26) == 18);
  CHECK((big & 0x3fffffc) >= 0x100);
  const std::uint32_t nothing = word(image, 0, kxf::Endian::little);
  CHECK((nothing >> 26) == 2);
  CHECK((nothing >> 21 & 31U) == 0);
  const std::uint32_t little = word(image, 4, kxf::Endian::little);
  CHECK((little >> 26) == 18);
  CHECK((little & 0x3fffffc) >= 0xfc);
  CHECK((little & 0x3fffffc) < 0x200);
}

TEST_CASE("the ppc64 purgatory is told where the kernel and the tree are") {
  const kxf::ppc64::PurgatoryContents contents = contents_of(Asked{}.image());
  CHECK(contents.kernel_address == 0x2890000);
  CHECK(contents.tree_address == 0xf000000);
  CHECK(contents.opal_base == 0);
  CHECK(contents.opal_entry == 0);
  CHECK(contents.kernel_little_endian);
  CHECK(contents.digests.empty());
}

TEST_CASE("the ppc64 purgatory enters a kernel in the kernel's byte order") {
  Asked asked;
  asked.kernel_bytes = kxf_test::power::kernel_bytes(kxf::Endian::big, run0);
  asked.kernel = kernel_of(asked.kernel_bytes, kxf::Endian::big);
  const kxf::PurgatoryImage image = asked.image();
  CHECK_FALSE(contents_of(image).kernel_little_endian);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, flags)) == KXF_FLAG_HYPERVISOR);
}

TEST_CASE("the ppc64 purgatory passes on where OPAL is") {
  Asked asked;
  asked.machine.machine.tree = powernv_tree().done();
  const kxf::PurgatoryImage image = asked.image();
  CHECK(contents_of(image).opal_base == opal_base);
  CHECK(contents_of(image).opal_entry == opal_entry);
  CHECK(param<std::uint32_t>(image, offsetof(kxf_params, flags)) ==
        (KXF_FLAG_OPAL | KXF_FLAG_KERNEL_LITTLE));
}

TEST_CASE(
    "the ppc64 purgatory leaves the CPU's SHA-256 instructions alone where a setting says so") {
  Asked asked;
  const auto portable = [&] {
    return (param<std::uint32_t>(asked.image(), offsetof(kxf_params, flags)) &
            KXF_FLAG_PORTABLE_SHA) != 0;
  };
  CHECK_FALSE(portable());
  asked.settings["purgatory-sha256"] = "auto";
  CHECK_FALSE(portable());
  asked.settings["purgatory-sha256"] = "portable";
  CHECK(portable());
  asked.settings["purgatory-sha256"] = "fast";
  CHECK(
      asked.refusal() ==
      "setting purgatory-sha256 of the architecture ppc64 is \"fast\", it takes auto or portable");
}

TEST_CASE("the ppc64 purgatory has its exception vectors where nothing is verified") {
  Asked asked;
  asked.digests = {{"kernel", {0, 0x100}, {}}, {"initrd", {0x1000, 0x2000}, {}}};
  CHECK(asked.answer().has_value());
  asked.digests[0].range.end = 0x108;
  CHECK(asked.refusal() ==
        "segment kernel (0x0-0x107) is to be verified, and the ppc64 purgatory has its "
        "exception vectors in 0x100-0xfff");
  asked.digests = {{"initrd", {0xff8, 0x2000}, {}}};
  CHECK_FALSE(asked.answer().has_value());
}

TEST_CASE("the ppc64 purgatory saves all of the exception vectors or none") {
  Asked asked;
  asked.backup = {{0x1000, 0x10000}, 0x9000000};
  CHECK(asked.answer().has_value());
  asked.backup = {{0, 0x800}, 0x9000000};
  CHECK(asked.refusal() ==
        "0x0-0x7ff is to be saved, which is a part of the exception vectors in 0x100-0xfff");
}

TEST_CASE("the ppc64 purgatory's size does not depend on what it is told") {
  Asked sizes;
  sizes.own = sizes.entry = sizes.tree = 0;
  Asked full;
  full.sink = firmware_program(0x71000000);
  full.backup = {{0, 0x10000}, 0x9000000};
  for (std::size_t i = 0; i < 32; ++i)
    full.digests.push_back({"segment", kxf::Range::sized(0x4000000 + i * 0x10000, 100), {}});
  CHECK(sizes.image().bytes.size() == full.image().bytes.size());
  CHECK(sizes.image().memory_size == full.image().memory_size);
  CHECK(sizes.image().memory_size <= 64 * 1024);
}

TEST_CASE("the ppc64 purgatory's stack is on pages behind its bytes") {
  const kxf::PurgatoryImage image = Asked{}.image();
  const std::uint64_t data = kxf::align_up(image.bytes.size(), 4096).value();
  CHECK(image.memory_size % 4096 == 0);
  CHECK(image.memory_size - data >= 4096);
}

TEST_CASE("the ppc64 purgatory gets the console's program step by step") {
  Asked asked;
  constexpr std::size_t first = offsetof(kxf_params, console.steps);
  SUBCASE("a call of firmware") {
    asked.sink = firmware_program(0x71000001);
    const kxf::PurgatoryImage image = asked.image();
    CHECK(param<std::uint32_t>(image, offsetof(kxf_params, console.step_count)) == 1);
    CHECK(param<std::uint8_t>(image, first + offsetof(kxf_sink_step, operation)) == 4);
    CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, value)) == 0x71000001);
  }
  SUBCASE("registers, on a machine without a hypervisor") {
    asked.machine.machine.tree = powernv_tree().done();
    asked.sink = uart_program();
    const kxf::PurgatoryImage image = asked.image();
    CHECK(param<std::uint64_t>(image, offsetof(kxf_params, console.phys_base)) ==
          0x60300d0010003f8);
    CHECK(param<std::uint32_t>(image, offsetof(kxf_params, console.step_count)) == 2);
    CHECK(param<std::uint8_t>(image, first + offsetof(kxf_sink_step, operation)) == 1);
    CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, mask)) == 0x20);
    CHECK(param<std::uint32_t>(image, first + offsetof(kxf_sink_step, count)) == 9);
    constexpr std::size_t second = first + sizeof(kxf_sink_step);
    CHECK(param<std::uint8_t>(image, second + offsetof(kxf_sink_step, operation)) == 3);
  }
}

TEST_CASE("the ppc64 purgatory leaves a breadcrumb where it outlives a reset") {
  Asked asked;
  asked.breadcrumb = {kxf::Range::sized(0x39000000, sizeof(kxf_breadcrumb)),
                      kxf::Breadcrumb::Form::record};
  CHECK(asked.refusal() ==
        "the ppc64 purgatory leaves a breadcrumb on machines with OPAL only: the memory of a "
        "partition does not outlive its reset");
  Asked bare;
  bare.machine.machine.tree = powernv_tree().done();
  bare.breadcrumb = asked.breadcrumb;
  constexpr std::size_t place = offsetof(kxf_params, console.breadcrumb);
  CHECK(param<std::uint64_t>(bare.image(), place) == 0x39000000);
  bare.breadcrumb->form = kxf::Breadcrumb::Form::ramoops;
  CHECK(bare.refusal() ==
        "the ppc64 purgatory writes no ramoops: its byte order is not the kernels'");
}

TEST_CASE("the ppc64 purgatory's digests are read back as they were written") {
  Asked asked;
  kxf::Sha256 digest{};
  digest[0] = 0xab;
  digest[31] = 0xcd;
  asked.digests = {{"initrd#1", kxf::Range::sized(0x4000000, 12345), digest},
                   {std::string(100, 'n'), kxf::Range::sized(0x5000000, 1), {}}};
  const auto found = contents_of(asked.image()).digests;
  REQUIRE(found.size() == 2);
  CHECK(found[0].name == "initrd#1");
  CHECK(found[0].range == asked.digests[0].range);
  CHECK(found[0].sha256 == digest);
  CHECK(found[1].name == std::string(31, 'n'));
  CHECK(found[1].range == asked.digests[1].range);
}

TEST_CASE("what the ppc64 purgatory saves is read back as it was written") {
  Asked asked;
  CHECK_FALSE(contents_of(asked.image()).backup.has_value());
  asked.backup = {{0, 0x10000}, 0x9000000};
  const auto found = contents_of(asked.image()).backup;
  REQUIRE(found.has_value());
  CHECK(found->source == kxf::Range{0, 0x10000});
  CHECK(found->destination == 0x9000000);
}

TEST_CASE("bytes that are no ppc64 purgatory are not taken for one") {
  kxf::PurgatoryImage image = Asked{}.image();
  const std::size_t count_at = params_of(image) + offsetof(kxf_params, digest_count);
  SUBCASE("none") { CHECK(unreadable({}).find("are needed") != std::string::npos); }
  SUBCASE("cut off in the parameters") {
    image.bytes.resize(params_of(image) + sizeof(kxf_params) - 1);
    CHECK(unreadable(image.bytes).find("are needed") != std::string::npos);
  }
  SUBCASE("another kind") {
    image.bytes[KXF_BLOB_HEADER_OFFSET] ^= 1;
    CHECK(unreadable(image.bytes).starts_with("ppc64 purgatory: magic"));
  }
  SUBCASE("no way in") {
    image.bytes[3] ^= 4;
    CHECK(unreadable(image.bytes) ==
          "ppc64 purgatory: its first two words are not the branches to its code");
  }
  SUBCASE("more digests than there can be") {
    image.bytes[count_at + 3] = 33;
    CHECK(unreadable(image.bytes) == "ppc64 purgatory: 33 ranges to verify, there is room for 32");
  }
  SUBCASE("a digest of a range beyond all addresses") {
    image.bytes[count_at + 3] = 1;
    std::fill_n(image.bytes.begin() + params_of(image) + offsetof(kxf_params, digests), 16, 0xff);
    CHECK(unreadable(image.bytes)
              .starts_with("ppc64 purgatory: range 0 begins at 0xffffffffffffffff"));
  }
}

TEST_CASE("what the ppc64 purgatory cannot do is refused") {
  Asked asked;
  SUBCASE("more digests than fit") {
    asked.digests.resize(33);
    CHECK(asked.refusal() == "33 ranges are to be verified, the ppc64 purgatory takes 32");
  }
  SUBCASE("more steps than fit") {
    asked.sink.steps.resize(9);
    CHECK(asked.refusal() == "the console's program has 9 steps, the ppc64 purgatory takes 8");
  }
  SUBCASE("a firmware console on a machine that shows no firmware") {
    asked.machine.machine.tree = bare_tree().done();
    asked.sink = firmware_program(0);
    CHECK(asked.refusal() ==
          "the console is behind firmware, and the device tree shows neither OPAL (/ibm,opal) nor "
          "a hypervisor (/rtas with ibm,hypertas-functions)");
  }
  SUBCASE("registers below a hypervisor") {
    asked.sink = uart_program();
    CHECK(asked.refusal() ==
          "the console has registers, which the ppc64 purgatory reaches on machines with OPAL "
          "only, and the device tree shows no /ibm,opal");
  }
  SUBCASE("registers at odd addresses") {
    asked.machine.machine.tree = powernv_tree().done();
    asked.sink = uart_program();
    asked.sink.steps[0].width_bytes = 4;
    CHECK(asked.refusal() ==
          "console step 0 would access 4 bytes at 0x60300d0010003fd, which is unaligned");
  }
  SUBCASE("OPAL without an address") {
    asked.machine.machine.tree =
        bare_tree().u64("/ibm,opal", "opal-base-address", opal_base).done();
    CHECK(asked.refusal().find("does not say where OPAL is") != std::string::npos);
  }
  SUBCASE("a kernel without a head") {
    asked.kernel_bytes.resize(0xff);
    asked.kernel = kernel_of(asked.kernel_bytes, kxf::Endian::little);
    CHECK_FALSE(asked.refusal().empty());
  }
  SUBCASE("an entry that is no instruction's address") {
    asked.entry += 2;
    CHECK(asked.refusal() == "the kernel's entry 0x2890002 is no address of a Power instruction");
  }
  SUBCASE("to hash itself") {
    asked.digests = {{"kernel", {0x9ff0000, 0xa001000}, {}}};
    CHECK(asked.refusal().find("overlaps the purgatory") != std::string::npos);
  }
  SUBCASE("to hash from an odd address") {
    asked.digests = {{"kernel", {0x2890004, 0x2891000}, {}}};
    CHECK(asked.refusal().find("not aligned to 8 bytes") != std::string::npos);
  }
  SUBCASE("to save what does not line up") {
    asked.backup = {{0, 0x10004}, 0x9000000};
    CHECK(asked.refusal().find("not aligned to 8 bytes") != std::string::npos);
    asked.backup = {{0, 0x10000}, 0x9000004};
    CHECK(asked.refusal().find("not aligned to 8 bytes") != std::string::npos);
    asked.backup = {{0, 0x10000}, UINT64_MAX - 0x7fff};
    CHECK(asked.refusal().find("does not end") != std::string::npos);
  }
  SUBCASE("to save over itself, over the original or over what it has verified") {
    asked.backup = {{0, 0x10000}, asked.own - 0x8000};
    CHECK(asked.refusal() ==
          "0x0-0xffff is to be saved at 0x9ff8000-0xa007fff, over itself or the purgatory (" +
              kxf::to_text(kxf::Range::sized(asked.own, Asked{}.image().memory_size)) + ")");
    asked.backup = {{0, 0x10000}, 0x8000};
    CHECK(asked.refusal().find("over itself") != std::string::npos);
    asked.backup = {{asked.own, asked.own + 0x1000}, 0x8000};
    CHECK(asked.refusal().find("over itself") != std::string::npos);
    asked.backup = {{0, 0x10000}, 0x9000000};
    asked.digests = {{"initrd", kxf::Range::sized(0x9008000, 100), {}}};
    CHECK(asked.refusal() ==
          "0x0-0xffff is to be saved at 0x9000000-0x900ffff, over segment initrd "
          "(0x9008000-0x9008063)");
  }
  SUBCASE("to run where its pages do not line up") {
    asked.own += 0x800;
    CHECK(asked.refusal() == "ppc64 purgatory at 0xa000800: not a multiple of 4096");
  }
  SUBCASE("to hand over a tree that no kernel would take") {
    asked.tree += 4;
    CHECK(asked.refusal() == "device tree at 0xf000004: not a multiple of 8");
  }
}

}  // namespace ppc64_purgatory_test
