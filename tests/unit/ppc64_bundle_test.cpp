// SPDX-License-Identifier: Apache-2.0
//
// The ppc64 half of bundles, as bytes. That a bundle does what they say is proven in an emulator
// (tests/purgatory/ppc64-run.sh).
#include <doctest/doctest.h>

#include <algorithm>

#include "ppc64/purgatory/exceptions.h"
#include "ppc64_scene.hpp"

namespace ppc64_bundle_test {
namespace {

using namespace kxf_test::power;
using kxf::Range;

/// A kernel and an initrd on the bare machine.
struct Asked {
  kxf::ByteVector kernel_bytes = kxf_test::power::kernel_bytes(kxf::Endian::little, run0);
  kxf::KernelSpec kernel = kernel_of(kernel_bytes, kxf::Endian::little);
  PowerMachine machine{powernv_tree()};
  std::uint64_t own = 0xa000000;
  kxf::Relocation relocation{{{64 * kib, 5 * mib, {0x2890000, 0x3890000}},
                              {64 * kib + 5 * mib, mib - 1, {0x8000000, 0x8100000}}},
                             {64 * kib, 64 * kib + 6 * mib - 1},
                             Range::sized(0xc000000, 6 * mib - 1),
                             {{0, 0x30000000}}};

  [[nodiscard]] kxf::Result<kxf::PurgatoryImage> answer() const {
    kxf::PurgatoryQuestion question{kernel,  own, 0x2890000,       0,
                                    nullptr, {},  machine.machine, automatic};
    question.relocation = &relocation;
    return kxf::ppc64::architecture().purgatory(question);
  }
  [[nodiscard]] kxf::PurgatoryImage image() const { return value_of(answer()); }
  [[nodiscard]] kxf::Result<kxf::ByteVector> head(std::uint64_t payload) const {
    const kxf::PurgatoryImage made = image();
    const kxf::BundlePurgatory purgatory{own, made.bytes, made.memory_size, made.entry_offset};
    kxf::BundlePurgatory other = purgatory;
    other.address = 0x20000000;
    return kxf::ppc64::architecture().bundle_head({machine.machine, {purgatory, other}, payload});
  }
};

template <class T>
std::uint64_t number(kxf::ByteView bytes, std::size_t at) {
  return kxf::Bytes(bytes, kxf::Endian::big).read<T>(at).value();
}

// Offsets of the ELF-64 Object File Format, version 1.5.
std::uint64_t quad(kxf::ByteView bytes, std::size_t at) { return number<std::uint64_t>(bytes, at); }
std::uint64_t word(kxf::ByteView bytes, std::size_t at) { return number<std::uint32_t>(bytes, at); }
std::uint64_t half(kxf::ByteView bytes, std::size_t at) { return number<std::uint16_t>(bytes, at); }

}  // namespace

TEST_CASE("the head of a ppc64 bundle is an ELF file that skiboot executes in place") {
  constexpr std::uint64_t payload = 12345;
  const kxf::ByteVector head = value_of(Asked{}.head(payload));
  const std::uint64_t all = head.size() + payload;
  CHECK(head.size() % kxf::move_alignment == 0);
  CHECK(word(head, 0) == 0x7f454c46);
  CHECK(word(head, 4) == 0x02020100);  // 64 bits, big-endian
  CHECK(half(head, 18) == 21);         // EM_PPC64
  const std::uint64_t entry = quad(head, 24);
  // try_load_elf64(): the segment that has the entry; then the section that has it.
  const std::size_t segment = quad(head, 32);
  REQUIRE(half(head, 56) == 1);
  CHECK(word(head, segment) == 1);      // PT_LOAD
  CHECK(quad(head, segment + 8) == 0);  // p_offset
  CHECK(quad(head, segment + 16) == 0);
  CHECK(quad(head, segment + 32) == all);
  CHECK(quad(head, segment + 40) == all);
  const std::size_t first_section = quad(head, 40);
  REQUIRE(half(head, 60) == 2);
  REQUIRE(half(head, 58) == 64);
  CHECK(quad(head, first_section + 32) == 0);  // nothing is in the first
  const std::size_t section = first_section + 64;
  CHECK((quad(head, section + 8) & 4) != 0);  // SHF_EXECINSTR
  CHECK(quad(head, section + 16) == 0);
  CHECK(quad(head, section + 32) == all);
  // An instruction, not the address of one.
  REQUIRE(entry < head.size());
  CHECK(word(head, entry) == 0x429f0005);  // bcl 20,31,.+4
}

TEST_CASE("kexec enters no ppc64 bundle: other CPUs would run its headers") {
  kxf::ByteVector file = value_of(Asked{}.head(64));
  file.resize(file.size() + 64);
  kxf::Record record;
  const kxf::Settings settings;
  CHECK(refusal_of(kxf::ppc64::elf_image().parse(file, {settings}, record))
            .starts_with("no kernel that kexec can enter"));
}

TEST_CASE("the head of a ppc64 bundle tells where both purgatories are and where they go") {
  const Asked asked;
  const kxf::PurgatoryImage image = asked.image();
  const kxf::ByteVector head = value_of(asked.head(64));
  const std::uint64_t addresses[] = {0xa000000, 0x20000000};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto field = [&](std::size_t at) {
      return quad(head, KXF_BUNDLE_PLACES + i * KXF_BUNDLE_PLACE_SIZE + at);
    };
    CHECK(field(offsetof(kxf_bundle_place, address)) == addresses[i]);
    CHECK(field(offsetof(kxf_bundle_place, entry)) == addresses[i]);
    CHECK(field(offsetof(kxf_bundle_place, memory_size)) == image.memory_size);
    const std::uint64_t offset = field(offsetof(kxf_bundle_place, offset));
    REQUIRE(offset % 64 == 0);
    REQUIRE(offset + field(offsetof(kxf_bundle_place, size_bytes)) <= head.size());
    CHECK(std::ranges::equal(kxf::ByteView(head).subspan(offset, image.bytes.size()), image.bytes));
  }
}

TEST_CASE("a partition gets no bundle") {
  Asked asked;
  asked.machine.machine.tree = lpar_tree().done();
  CHECK(refusal_of(asked.head(64)).starts_with("this machine is a partition of a hypervisor"));
}

TEST_CASE("the ppc64 purgatory is told what to move") {
  const kxf::PurgatoryImage image = Asked{}.image();
  const std::size_t params =
      word(image.bytes, KXF_BLOB_HEADER_OFFSET + offsetof(kxf_blob_header, params_offset)) +
      offsetof(kxf_params, relocation);
  CHECK(word(image.bytes, params) == 2);
  CHECK(quad(image.bytes, params + offsetof(kxf_relocation, payload_start)) == 64 * kib);
  CHECK(quad(image.bytes, params + offsetof(kxf_relocation, staging)) == 0xc000000);
  const std::size_t second = params + offsetof(kxf_relocation, moves) + sizeof(kxf_move);
  CHECK(quad(image.bytes, second + offsetof(kxf_move, source)) == 64 * kib + 5 * mib);
  CHECK(quad(image.bytes, second + offsetof(kxf_move, size_bytes)) == mib - 1);
  CHECK(quad(image.bytes, second + offsetof(kxf_move, destination)) == 0x8000000);
  CHECK(quad(image.bytes, second + offsetof(kxf_move, memory_size)) == mib);
}

TEST_CASE("the ppc64 purgatory brings nothing to where its exception vectors are") {
  Asked asked;
  asked.relocation.moves[1].destination = {0, mib};
  const auto made = asked.answer();
  REQUIRE_FALSE(made.has_value());
  CHECK(made.error().message ==
        "a segment is to be brought to 0x0-0xfffff, and the ppc64 purgatory has its exception "
        "vectors in 0x100-0xfff");
}

}  // namespace ppc64_bundle_test
