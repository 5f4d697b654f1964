// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "arm64/arm64.hpp"
#include "elf_maker.hpp"

namespace arm64_elf_image_test {
namespace {

using elf_test::bytes_of;
using elf_test::ElfFile;
using kxf::ByteVector;
using kxf::Endian;

constexpr std::uint64_t kernel_base = 0xffff800008000000;
constexpr std::uint64_t image_bytes = 0x40000;

const kxf::ImageFormat& format() { return kxf::arm64::elf_image(); }

struct Header {
  std::uint64_t text_offset = 0;
  std::uint64_t image_size = image_bytes;
  std::uint64_t flags = 0b1010;  // little-endian, 4 KiB pages, anywhere
};

ByteVector code(const Header& header, std::size_t size = 0x1000) {
  ByteVector bytes(size, 0x5a);
  const std::span<std::uint8_t> out(bytes);
  kxf::store(out, 8, header.text_offset, Endian::little);
  kxf::store(out, 16, header.image_size, Endian::little);
  kxf::store(out, 24, header.flags, Endian::little);
  kxf::store<std::uint32_t>(out, 56, 0x644d5241, Endian::little);
  return bytes;
}

/// As Linux links it: ET_DYN, text and data, the BSS in the second segment, and a note.
ElfFile kernel(const Header& header = {}) {
  ElfFile elf{.endian = (header.flags & 1U) != 0 ? Endian::big : Endian::little,
              .type = 3,
              .machine = 183,
              .entry = kernel_base};
  elf.segments = {{.contents = code(header), .physical = kernel_base, .memory_bytes = 0x1000},
                  {.contents = ByteVector(0x800, 7),
                   .physical = kernel_base + 0x10000,
                   .memory_bytes = 0x30000},
                  {.contents = ByteVector(32, 0), .memory_bytes = 32, .type = 4}};
  return elf;
}

/// `image` must outlive the result.
kxf::KernelSpec spec_of(const ByteVector& image, kxf::Record& record) {
  const auto contents = format().parse(image, {{}}, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  REQUIRE(contents->kernel.has_value());
  CHECK_FALSE(contents->payload.has_value());
  return *contents->kernel;
}
kxf::KernelSpec spec_of(const ByteVector& image) {
  kxf::Record record;
  return spec_of(image, record);
}

std::string error_of(const ElfFile& elf) {
  kxf::Record record;
  const auto contents = format().parse(bytes_of(elf), {{}}, record);
  REQUIRE_FALSE(contents.has_value());
  CHECK_FALSE(contents.error().remedy.empty());
  return contents.error().message;
}

}  // namespace

TEST_CASE("a vmlinux for arm64 is known by class and machine, in both byte orders") {
  const auto verdict_of = [](const ByteVector& image) { return format().probe(image).verdict; };
  CHECK(verdict_of(bytes_of(kernel())) == kxf::ProbeVerdict::mine);
  CHECK(verdict_of(bytes_of(kernel({.flags = 0b1011}))) == kxf::ProbeVerdict::mine);
  for (const unsigned machine : {21U, 40U, 62U, 0xb700U}) {
    ElfFile elf = kernel();
    elf.machine = static_cast<std::uint16_t>(machine);
    CHECK(verdict_of(bytes_of(elf)) == kxf::ProbeVerdict::not_mine);
  }
  ElfFile narrow = kernel();
  narrow.wide = false;
  CHECK(verdict_of(bytes_of(narrow)) == kxf::ProbeVerdict::damaged);
  ByteVector cut = bytes_of(kernel());
  cut.resize(63);
  CHECK(format().probe(cut).reason ==
        "truncated ELF kernel: it has 63 bytes, its header alone has 64");
  CHECK(verdict_of({}) == kxf::ProbeVerdict::not_mine);
}

TEST_CASE("a vmlinux says the same of itself as the Image that is in it") {
  const ByteVector image = bytes_of(kernel({.text_offset = 0x80000}));
  const kxf::KernelSpec spec = spec_of(image);
  CHECK(spec.machine == "aarch64");
  CHECK(spec.endian == Endian::little);
  CHECK(spec.page_size_bytes == 4096U);
  CHECK(spec.placement == kxf::Placement::anywhere);
  CHECK(spec.base_alignment == 2U << 20U);
  CHECK(spec.base_offset == 0x80000);
  CHECK(spec.entry_offset == 0);
  CHECK(spec.memory_size == image_bytes);
  CHECK_FALSE(spec.memory_size_is_guess);
  CHECK_FALSE(spec.file_load);
  REQUIRE(spec.parts.size() == 2);
  CHECK(spec.parts[0].memory_offset == 0);
  CHECK(spec.parts[0].memory_size == 0x1000);
  CHECK(std::ranges::equal(spec.parts[0].bytes, code({.text_offset = 0x80000})));
  CHECK(spec.parts[1].memory_offset == 0x10000);
  CHECK(spec.parts[1].memory_size == 0x30000);
  CHECK(spec.parts[1].bytes.size() == 0x800);
}

TEST_CASE("a big-endian vmlinux has a little-endian header, and both have to agree") {
  CHECK(spec_of(bytes_of(kernel({.flags = 0b1011}))).endian == Endian::big);
  ElfFile elf = kernel({.flags = 0b1011});
  elf.endian = Endian::little;
  CHECK(error_of(elf) ==
        "damaged ELF kernel: the file is little-endian and the header of the kernel "
        "in it says big-endian");
}

TEST_CASE("the larger of image_size and p_memsz is what a vmlinux needs") {
  CHECK(spec_of(bytes_of(kernel({.image_size = 0x50000}))).memory_size == 0x50000);
  CHECK(spec_of(bytes_of(kernel({.image_size = 0x20000}))).memory_size == image_bytes);
}

TEST_CASE("a vmlinux from before 3.17 needs no guess: the ELF file says its size") {
  kxf::Record record;
  const ByteVector image = bytes_of(kernel({.text_offset = 0x80000, .image_size = 0, .flags = 0}));
  const kxf::KernelSpec spec = spec_of(image, record);
  CHECK(spec.memory_size == image_bytes);
  CHECK_FALSE(spec.memory_size_is_guess);
  CHECK(spec.base_offset == 0x80000);
  CHECK(spec.placement == kxf::Placement::lowest);
  REQUIRE(record.decisions().size() == 1);
  CHECK(record.decisions()[0].choice == "256 KiB");
}

TEST_CASE("what the linker put in front of the entry point is no part of the kernel") {
  ElfFile elf = kernel();
  ByteVector& first = elf.segments[0].contents;
  first.insert(first.begin(), 0x2000, 0x11);
  elf.segments[0].memory_bytes += 0x2000;
  elf.entry = kernel_base + 0x2000;
  const ByteVector image = bytes_of(elf);
  const kxf::KernelSpec spec = spec_of(image);
  CHECK(std::ranges::equal(spec.parts[0].bytes, code({})));
  CHECK(spec.parts[0].memory_size == 0x1000);
  CHECK(spec.parts[1].memory_offset == 0x10000 - 0x2000);
}

TEST_CASE("an ELF file without the kernel's header at its entry point is no kernel") {
  ElfFile elf = kernel();
  elf.entry = kernel_base + 0x40;
  CHECK(error_of(elf).starts_with("no kernel that kexec can enter"));
  elf.entry = kernel_base + 0x1000;
  CHECK(
      error_of(elf) ==
      "the entry point 0xffff800008001000 of this ELF file is not in its first segment, which has "
      "0x1000 bytes at 0xffff800008000000");
  elf.entry = kernel_base - 1;
  CHECK(error_of(elf).starts_with("the entry point 0xffff800007ffffff"));
  elf = kernel();
  elf.segments[0].contents.resize(0x38);
  CHECK(error_of(elf).starts_with("no kernel that kexec can enter"));
}

TEST_CASE("segments and header fields that no arm64 kernel has are refused") {
  ElfFile elf = kernel();
  elf.segments[1].physical = kernel_base + 0x800;
  CHECK(error_of(elf).find("overlaps program header 0") != std::string::npos);
  elf = kernel();
  elf.segments[1].file_bytes = 0x7fffffff;
  elf.segments[1].memory_bytes = 0x7fffffff;
  CHECK(error_of(elf).starts_with("truncated ELF kernel: program header 1 at offset 0x78"));
  elf = kernel();
  elf.type = 1;
  CHECK(error_of(elf).starts_with("an ELF file of type 1, which is a relocatable object"));
  CHECK(error_of(kernel({.text_offset = 0x80001})).find("text_offset 0x80001") !=
        std::string::npos);
  CHECK(error_of(kernel({.image_size = 63})).find("less than its header") != std::string::npos);
}

TEST_CASE("any bytes in an arm64 ELF kernel's tables are parsed or refused, never trusted") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& noise) {
    ByteVector image = bytes_of(kernel());
    for (std::size_t i = 0; i + 1 < noise.size(); i += 2) image[noise[i]] = noise[i + 1];
    if (format().probe(image).verdict != kxf::ProbeVerdict::mine) return;
    kxf::Record record;
    const auto contents = format().parse(image, {{}}, record);
    if (!contents) return;
    const kxf::KernelSpec& spec = *contents->kernel;
    std::uint64_t end = 0;
    for (const kxf::KernelPart& part : spec.parts) {
      RC_ASSERT(part.memory_offset >= end);
      RC_ASSERT(part.memory_size >= part.bytes.size());
      end = part.memory_offset + part.memory_size;
      RC_ASSERT(part.bytes.data() >= image.data());
      RC_ASSERT(part.bytes.data() + part.bytes.size() <= image.data() + image.size());
    }
    RC_ASSERT(end <= spec.memory_size);
  }));
}

}  // namespace arm64_elf_image_test
