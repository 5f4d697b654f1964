// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "ppc64/ppc64.hpp"
#include "ppc64_elf_file.hpp"

namespace ppc64_elf_image_test {
namespace {

using kxf::ByteVector;
using kxf::Endian;
using ppc64_test::bytes_of;
using ppc64_test::ElfFile;
using ppc64_test::kernel;
using ppc64_test::kernel_base;
using ppc64_test::kernel_code;

const kxf::ImageFormat& format() { return kxf::ppc64::elf_image(); }

kxf::ProbeVerdict verdict_of(const ByteVector& image) { return format().probe(image).verdict; }

/// `image` must outlive the result.
kxf::KernelSpec spec_of(const ByteVector& image) {
  kxf::Record record;
  const auto contents = format().parse(image, {{}}, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  REQUIRE(contents->kernel.has_value());
  CHECK_FALSE(contents->payload.has_value());
  return *contents->kernel;
}

std::string error_of(const ByteVector& image) {
  kxf::Record record;
  const auto contents = format().parse(image, {{}}, record);
  REQUIRE_FALSE(contents.has_value());
  CHECK_FALSE(contents.error().remedy.empty());
  return contents.error().message;
}
std::string error_of(const ElfFile& elf) { return error_of(bytes_of(elf)); }

/// A kernel that was linked for a physical address.
ElfFile executable_at(std::uint64_t physical) {
  ElfFile elf = kernel();
  elf.segments[0].physical = physical;
  elf.entry = kernel_base + physical;
  return elf;
}

/// With a second PT_LOAD at a physical address.
ElfFile with_second(std::uint64_t physical, std::uint64_t memory_bytes = 0x100) {
  ElfFile elf = kernel();
  elf.segments[1] = {
      .contents = ByteVector(0x80, 7), .physical = physical, .memory_bytes = memory_bytes};
  return elf;
}

}  // namespace

TEST_CASE("a vmlinux for 64-bit Power is known by class and machine, in both byte orders") {
  CHECK(verdict_of(bytes_of(kernel(Endian::little))) == kxf::ProbeVerdict::mine);
  CHECK(verdict_of(bytes_of(kernel(Endian::big))) == kxf::ProbeVerdict::mine);
  for (const unsigned machine : {3U, 20U, 62U, 183U, 0x1500U}) {
    ElfFile elf = kernel();
    elf.machine = static_cast<std::uint16_t>(machine);
    CHECK(verdict_of(bytes_of(elf)) == kxf::ProbeVerdict::not_mine);
  }
  CHECK(verdict_of({}) == kxf::ProbeVerdict::not_mine);
  CHECK(verdict_of({0x7f, 'E', 'L', 'F'}) == kxf::ProbeVerdict::not_mine);
}

TEST_CASE("an ELF file for 64-bit Power that ends in its header is damaged, with the numbers") {
  ByteVector image = bytes_of(kernel());
  image.resize(63);
  const kxf::Probe probe = format().probe(image);
  CHECK(probe.verdict == kxf::ProbeVerdict::damaged);
  CHECK(probe.reason == "truncated ELF kernel: it has 63 bytes, its header alone has 64");
}

TEST_CASE("the machine of 64-bit Power in a header of 32-bit fields is damaged") {
  ElfFile elf = kernel();
  elf.wide = false;
  CHECK(verdict_of(bytes_of(elf)) == kxf::ProbeVerdict::damaged);
}

TEST_CASE("a boot wrapper is not taken for the kernel in it") {
  CHECK(verdict_of(bytes_of(ppc64_test::wrapper(ByteVector(100, 1)))) ==
        kxf::ProbeVerdict::not_mine);
}

TEST_CASE("a vmlinux says byte order, alignment and memory with BSS") {
  for (const Endian endian : {Endian::little, Endian::big}) {
    const ByteVector image = bytes_of(kernel(endian));
    const kxf::KernelSpec spec = spec_of(image);
    CHECK(spec.machine == "ppc64");
    CHECK(spec.endian == endian);
    CHECK_FALSE(spec.page_size_bytes.has_value());
    CHECK(spec.base_alignment == 0x10000);
    CHECK(spec.base_offset == 0);
    CHECK(spec.entry_offset == 0);
    CHECK(spec.placement == kxf::Placement::anywhere);
    CHECK(spec.patches.empty());
    CHECK(spec.memory_size == 0x30000);
    CHECK_FALSE(spec.memory_size_is_guess);
    CHECK(spec.file_load);
    CHECK(spec.file_load_reason.empty());
    REQUIRE(spec.parts.size() == 1);
    CHECK(spec.parts[0].memory_offset == 0);
    CHECK(spec.parts[0].memory_size == 0x30000);
    const ByteVector code = kernel_code(endian);
    CHECK(std::ranges::equal(spec.parts[0].bytes, code));
  }
}

TEST_CASE("an ET_EXEC kernel has the window that it was linked for, whatever is at 0x5c") {
  for (const std::uint64_t physical : {std::uint64_t{0}, std::uint64_t{0x2000000}}) {
    const ByteVector image = bytes_of(executable_at(physical));
    const kxf::KernelSpec spec = spec_of(image);
    CHECK(spec.window == kxf::Range{physical, physical + 0x30000});
    CHECK(spec.memory_size == 0x30000);
    CHECK(spec.parts[0].memory_offset == 0);
  }
}

TEST_CASE("an ET_DYN kernel can be anywhere") {
  CHECK(spec_of(bytes_of(kernel(Endian::big))).window == kxf::whole_address_space);
  ElfFile elf = executable_at(0x2000000);
  elf.type = 3;
  CHECK(spec_of(bytes_of(elf)).window == kxf::whole_address_space);
}

TEST_CASE("a virtual address in p_paddr is the physical one behind it, but not for the kernel") {
  ElfFile elf = executable_at(0x2000000);
  elf.segments[0].physical += kernel_base;
  elf.segments[0].virtual_address = elf.segments[0].physical;
  const ByteVector image = bytes_of(elf);
  const kxf::KernelSpec spec = spec_of(image);
  CHECK(spec.window == kxf::Range{0x2000000, 0x2030000});
  CHECK_FALSE(spec.file_load);
  CHECK(spec.file_load_reason.find("0xc000000002000000 is a virtual one") != std::string::npos);
}

TEST_CASE("all PT_LOADs move together, relative to the lowest physical address") {
  ElfFile elf = with_second(0x2040000, 0x5000);
  elf.segments[0].physical = 0x2000000;
  elf.entry = kernel_base + 0x2000000;
  const ByteVector image = bytes_of(elf);
  const kxf::KernelSpec spec = spec_of(image);
  REQUIRE(spec.parts.size() == 2);
  CHECK(spec.parts[0].memory_offset == 0);
  CHECK(spec.parts[1].memory_offset == 0x40000);
  CHECK(spec.parts[1].bytes.size() == 0x80);
  CHECK(spec.parts[1].memory_size == 0x5000);
  CHECK(spec.memory_size == 0x45000);
}

TEST_CASE("kexec_file_load is not for a kernel that it would tear apart or misplace") {
  const kxf::KernelSpec two = spec_of(bytes_of(with_second(0x40000)));
  CHECK_FALSE(two.file_load);
  CHECK(two.file_load_reason ==
        "it has 2 loadable segments, and the running kernel would place each on its own instead "
        "of all together");
  ElfFile elf = kernel();
  elf.segments[0].alignment = 0x1000;
  const kxf::KernelSpec unaligned = spec_of(bytes_of(elf));
  CHECK_FALSE(unaligned.file_load);
  CHECK(unaligned.file_load_reason.find("its alignment is 4096 bytes") == 0);
  CHECK(unaligned.base_alignment == 0x10000);
}

TEST_CASE("a program header without any memory is not a part") {
  CHECK(spec_of(bytes_of([] {
          ElfFile elf = with_second(0, 0);
          elf.segments[1].contents.clear();
          return elf;
        }()))
            .parts.size() == 1);
}

TEST_CASE("the entry point must be the first byte: ELFv2 says it directly") {
  ElfFile elf = kernel();
  elf.entry = kernel_base + 0x100;
  CHECK(error_of(elf) ==
        "the entry point of this ELF file is not the kernel's first byte 0xc000000000000000, where "
        "kexec enters it: it is 0xc000000000000100");
}

TEST_CASE("the entry point must be the first byte: ELFv1 may say it by a function descriptor") {
  ElfFile elf = kernel(Endian::big);
  const auto descriptor = [&elf](std::uint64_t target) {
    kxf::store(std::span<std::uint8_t>(elf.segments[0].contents), 0x800, target, Endian::big);
    elf.entry = kernel_base + 0x800;
    return bytes_of(elf);
  };
  for (const std::uint32_t flags : {0U, 1U}) {
    elf.flags = flags;
    CHECK(spec_of(descriptor(kernel_base)).entry_offset == 0);
    CHECK(error_of(descriptor(kernel_base + 4)) ==
          "the entry point of this ELF file is not the kernel's first byte 0xc000000000000000, "
          "where kexec enters it: its function descriptor at 0xc000000000000800 says "
          "0xc000000000000004");
  }
  // what a relocation will fill in
  CHECK(spec_of(descriptor(0)).entry_offset == 0);
  elf.type = 2;
  CHECK(error_of(descriptor(0)).find("says 0x0") != std::string::npos);
  // ELFv2 has no descriptors
  elf.flags = 2;
  CHECK(error_of(descriptor(kernel_base)).find("it is 0xc000000000000800") != std::string::npos);
}

TEST_CASE("an ELFv1 entry point outside of the file, or at its very end, is refused") {
  ElfFile elf = kernel(Endian::big);
  for (const std::uint64_t entry :
       {std::uint64_t{0}, kernel_base + 0x1000, kernel_base + 0xff9, kernel_base - 8, UINT64_MAX}) {
    elf.entry = entry;
    CHECK(error_of(elf).find("no function descriptor is there") != std::string::npos);
  }
}

TEST_CASE("code that CPUs cannot enter in big-endian mode is refused, with the words") {
  const auto with_word = [](Endian endian, std::size_t at, std::uint32_t word) {
    ElfFile elf = kernel(endian);
    kxf::store(std::span<std::uint8_t>(elf.segments[0].contents), at, word, endian);
    return bytes_of(elf);
  };
  CHECK(error_of(with_word(Endian::little, 0x60, 0x60000000)) ==
        "no kernel that kexec can enter: it begins with the bytes 48000008 and has 00000060 at "
        "0x60; a little-endian vmlinux has 48000008 in both places, for CPUs that arrive in "
        "big-endian mode (a boot wrapper without its section headers has not)");
  CHECK(error_of(with_word(Endian::little, 0, 0x48000010)).find("begins with the bytes 10000048") !=
        std::string::npos);
  CHECK(error_of(with_word(Endian::big, 0x60, 0x7c781b78)).find("has 7c781b78 at 0x60") !=
        std::string::npos);
  CHECK(error_of(with_word(Endian::big, 0, 0)).find("begins with the bytes 00000000") !=
        std::string::npos);
}

TEST_CASE("a big-endian kernel before Linux 3.13 begins with a branch and needs no turning round") {
  ElfFile elf = kernel(Endian::big);
  const std::span<std::uint8_t> code(elf.segments[0].contents);
  kxf::store<std::uint32_t>(code, 0, 0x48001234, Endian::big);
  kxf::store<std::uint32_t>(code, 0x60, 0x7f0000a6, Endian::big);
  CHECK(spec_of(bytes_of(elf)).endian == Endian::big);
  kxf::store<std::uint32_t>(code, 0x60, 0, Endian::big);
  CHECK(error_of(elf).find("has 00000000 at 0x60") != std::string::npos);
}

TEST_CASE("a kernel without its first 0x100 bytes is refused") {
  ElfFile elf = kernel();
  elf.segments[0].contents.resize(0xff);
  CHECK(error_of(elf) ==
        "damaged ELF kernel: its first program header has 255 bytes in the file, and the first 256 "
        "are what the CPUs run first");
}

TEST_CASE("what is no kernel is refused by what it is") {
  ElfFile elf = kernel();
  elf.type = 1;
  CHECK(error_of(elf) ==
        "an ELF file of type 1, which is a relocatable object (or a module), and no kernel");
  elf.type = 4;
  CHECK(error_of(elf) == "an ELF file of type 4, which is a core dump, and no kernel");
  elf = kernel();
  elf.segments[1].type = 3;
  CHECK(error_of(elf) ==
        "an ELF program for an operating system (it names an interpreter), no kernel");
  elf = kernel();
  elf.flags = 3;
  CHECK(error_of(elf) == "e_flags 0x3 names an ABI that 64-bit Power does not have");
}

TEST_CASE("program headers that overlap, wrap or are out of order are refused with their offset") {
  CHECK(error_of(with_second(0x2ffff)) ==
        "damaged ELF kernel: program header 1 at offset 0x78 overlaps program header 0: it begins "
        "at 0x2ffff, and that ends at 0x30000");
  CHECK(error_of(with_second(0xfffffffffffff000, 0x2000))
            .find("program header 1 at offset 0x78 wraps: 0x2000 bytes from physical address "
                  "0xfffffffffffff000") != std::string::npos);
  ElfFile elf = with_second(0x40000);
  std::swap(elf.segments[0], elf.segments[1]);
  CHECK(error_of(elf) ==
        "damaged ELF kernel: program header 1 at offset 0x78 is out of order: physical address 0x0 "
        "behind 0x40000");
  elf = with_second(0x40000);
  elf.segments[1].virtual_address = 0xffffffffffffff80;
  CHECK(error_of(elf).find("virtual 0xffffffffffffff80") != std::string::npos);
  // a second segment that touches the first one is fine
  CHECK(spec_of(bytes_of(with_second(0x30000))).memory_size == 0x30100);
}

TEST_CASE("program headers with impossible sizes are refused") {
  ElfFile elf = kernel();
  elf.segments[0].memory_bytes = 0xfff;
  CHECK(error_of(elf) ==
        "damaged ELF kernel: program header 0 at offset 0x40 has 0x1000 bytes in the file and only "
        "0xfff in memory");
  elf = kernel();
  elf.segments[0].memory_bytes = (std::uint64_t{4} << 30) + 1;
  CHECK(
      error_of(elf) ==
      "damaged ELF kernel: program header 0 at offset 0x40 makes the kernel larger than 4 GiB: it "
      "would need 0x100000001 bytes");
  elf.segments[0].memory_bytes = UINT64_MAX;
  CHECK(error_of(elf).find("wraps") != std::string::npos);
  CHECK(error_of(with_second(std::uint64_t{1} << 40)).find("larger than 4 GiB") !=
        std::string::npos);
  elf = kernel();
  elf.segments[0].alignment = 0x18000;
  CHECK(error_of(elf).find("has the alignment 0x18000, which is not a power of two") !=
        std::string::npos);
}

TEST_CASE("a segment that the file does not hold is truncated, wherever it claims to be") {
  ElfFile elf = kernel();
  elf.sections.clear();
  ByteVector image = bytes_of(elf);
  const std::size_t size = image.size();
  image.resize(size - 33);  // the PT_NOTE behind the PT_LOAD is 32 bytes
  CHECK(error_of(image) ==
        "truncated ELF kernel: program header 0 at offset 0x40 describes 0x1000 bytes from offset "
        "0xb0, and the file ends at 0x10af");
  elf.segments[0].offset = UINT64_MAX - 0x800;
  CHECK(error_of(elf).find("from offset 0xfffffffffffff7ff") != std::string::npos);
  elf.segments[0].offset = 0xb0;
  elf.segments[0].file_bytes = elf.segments[0].memory_bytes = UINT64_MAX - 0x10;
  CHECK(error_of(elf).find("wraps") != std::string::npos);
}

TEST_CASE("a vmlinux that lost its end is refused by its section headers") {
  ByteVector image = bytes_of(kernel());
  image.pop_back();
  const std::string message = error_of(image);
  CHECK(message.find("truncated ELF file: its 4 section headers are 256 bytes at offset") == 0);
}

TEST_CASE("damaged ELF headers are refused") {
  const auto spoiled = [](std::size_t at, std::uint16_t value) {
    ByteVector image = bytes_of(kernel());
    kxf::store(std::span<std::uint8_t>(image), at, value, Endian::little);
    return error_of(image);
  };
  CHECK(spoiled(54, 32).find("a program header has 32 bytes, and one has 56") != std::string::npos);
  CHECK(spoiled(58, 40).find("a section header has 40 bytes, and one has 64") != std::string::npos);
  CHECK(spoiled(56, 0xffff) == "damaged ELF file: 65535 or more program headers");
  CHECK(spoiled(56, 0xfffe).find("truncated ELF file: its 65534 program headers") == 0);
  CHECK(spoiled(56, 0) == "damaged ELF kernel: none of its program headers loads anything");
  CHECK(spoiled(20, 2).find("version 2 with a header of 64 bytes") != std::string::npos);
  CHECK(spoiled(52, 52).find("version 1 with a header of 52 bytes") != std::string::npos);
  // e_phoff and e_shoff near 2^64
  CHECK(spoiled(38, 0xffff).find("truncated ELF file: its 2 program headers") == 0);
  CHECK(spoiled(46, 0xffff).find("truncated ELF file: its 4 section headers") == 0);
}

TEST_CASE("any bytes in an ELF kernel's tables are parsed or refused, never trusted") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& noise, bool big) {
    ByteVector image = bytes_of([big] {
      ElfFile elf = with_second(0x30000);
      if (!big) return elf;
      elf = kernel(Endian::big);
      elf.segments[1].type = 1;
      elf.segments[1].physical = 0x40000;
      return elf;
    }());
    for (std::size_t i = 0; i + 2 < noise.size(); i += 3)
      image[std::size_t{noise[i]} % 176] = noise[i + 1];
    if (verdict_of(image) != kxf::ProbeVerdict::mine) return;
    kxf::Record record;
    const auto contents = format().parse(image, {{}}, record);
    if (!contents) return;
    const kxf::KernelSpec& spec = *contents->kernel;
    std::uint64_t end = 0;
    for (const kxf::KernelPart& part : spec.parts) {
      RC_ASSERT(part.memory_offset >= end);
      RC_ASSERT(part.memory_size >= part.bytes.size());
      end = part.memory_offset + part.memory_size;
    }
    RC_ASSERT(end == spec.memory_size);
    RC_ASSERT(spec.parts[0].bytes.size() >= 0x100U);
  }));
}

}  // namespace ppc64_elf_image_test
