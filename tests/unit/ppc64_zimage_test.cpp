// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "ppc64/ppc64.hpp"
#include "ppc64_elf_file.hpp"

namespace ppc64_zimage_test {
namespace {

using kxf::ByteVector;
using ppc64_test::bytes_of;
using ppc64_test::ElfFile;
using ppc64_test::wrapper;

const kxf::ImageFormat& format() { return kxf::ppc64::zimage(); }

kxf::ProbeVerdict verdict_of(const ByteVector& image) { return format().probe(image).verdict; }

const ByteVector packed = {0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5};

constexpr std::size_t tree = 1;
constexpr std::size_t kernel = 2;
constexpr std::size_t initrd = 3;

kxf::ImageContents contents_of(const ByteVector& image, kxf::Record& record) {
  auto contents = format().parse(image, {{}}, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  return std::move(*contents);
}

std::string error_of(const ElfFile& elf) {
  kxf::Record record;
  const auto contents = format().parse(bytes_of(elf), {{}}, record);
  REQUIRE_FALSE(contents.has_value());
  CHECK_FALSE(contents.error().remedy.empty());
  return contents.error().message;
}

}  // namespace

TEST_CASE("a boot wrapper is known by the kernel's section, 64-bit and 32-bit, in any order") {
  CHECK(verdict_of(bytes_of(wrapper(packed, true))) == kxf::ProbeVerdict::mine);
  CHECK(verdict_of(bytes_of(wrapper(packed, false))) == kxf::ProbeVerdict::mine);
  ElfFile big = wrapper(packed, true);
  big.endian = kxf::Endian::big;
  CHECK(verdict_of(bytes_of(big)) == kxf::ProbeVerdict::mine);
  CHECK(verdict_of(bytes_of(ppc64_test::kernel())) == kxf::ProbeVerdict::not_mine);
  CHECK(verdict_of({}) == kxf::ProbeVerdict::not_mine);
  CHECK(verdict_of(ByteVector(4096, 0)) == kxf::ProbeVerdict::not_mine);
}

TEST_CASE("a section whose name only begins like the kernel's does not make a wrapper") {
  ElfFile elf = wrapper(packed);
  elf.sections[kernel].name += ".old";
  CHECK(verdict_of(bytes_of(elf)) == kxf::ProbeVerdict::not_mine);
}

TEST_CASE("the packed kernel is handed on to be probed again") {
  for (const bool wide : {true, false}) {
    const ByteVector image = bytes_of(wrapper(packed, wide));
    kxf::Record record;
    const kxf::ImageContents contents = contents_of(image, record);
    CHECK_FALSE(contents.kernel.has_value());
    REQUIRE(contents.payload.has_value());
    CHECK(std::ranges::equal(contents.payload->bytes, packed));
    CHECK(contents.payload->bytes.data() >= image.data());
    CHECK(contents.payload->bytes.data() + packed.size() <= image.data() + image.size());
    CHECK_FALSE(contents.initrd.has_value());
    CHECK_FALSE(contents.device_tree.has_value());
    REQUIRE(record.decisions().size() == 1);
    CHECK(record.decisions()[0].topic == "boot wrapper");
    CHECK(record.warnings().empty());
  }
}

TEST_CASE("initrd and device tree of a wrapper come with the kernel") {
  ElfFile elf = wrapper(packed);
  elf.sections[initrd].contents = ByteVector(300, 7);
  elf.sections[tree].contents = ByteVector(40, 9);
  const ByteVector image = bytes_of(elf);
  kxf::Record record;
  const kxf::ImageContents contents = contents_of(image, record);
  REQUIRE(contents.initrd.has_value());
  CHECK(std::ranges::equal(*contents.initrd, elf.sections[initrd].contents));
  REQUIRE(contents.device_tree.has_value());
  CHECK(std::ranges::equal(contents.device_tree->bytes, elf.sections[tree].contents));
  CHECK(record.decisions()[0].reason.find(
            "a kernel (9 bytes), an initrd (300 bytes), a device tree (40 bytes)") !=
        std::string::npos);
}

TEST_CASE("what only an ultravisor reads is left out with a warning") {
  ElfFile elf = wrapper(packed);
  elf.sections.push_back({".kernel:esm_blob", ByteVector(64, 1)});
  const ByteVector image = bytes_of(elf);
  kxf::Record record;
  (void)contents_of(image, record);
  REQUIRE(record.warnings().size() == 1);
  CHECK(record.warnings()[0].id == "zimage-secure-blob");
}

TEST_CASE("a wrapper without a kernel in its section is refused") {
  CHECK(error_of(wrapper({})) == "damaged zImage: its section .kernel:vmlinux.strip is empty");
}

TEST_CASE("a section that the file does not hold is refused with its place") {
  for (const bool wide : {true, false}) {
    ElfFile elf = wrapper(packed, wide);
    elf.sections[kernel].offset = 0xfffffff0;
    elf.sections[kernel].size = 0xffffffff;
    CHECK(verdict_of(bytes_of(elf)) == kxf::ProbeVerdict::mine);
    CHECK(error_of(elf).find("damaged ELF file: section .kernel:vmlinux.strip has 0xffffffff bytes "
                             "from offset 0xfffffff0, and the file ends at") == 0);
  }
  ElfFile elf = wrapper(packed);
  elf.sections[kernel].size = 0x1000;
  CHECK(error_of(elf).find("section .kernel:vmlinux.strip has 0x1000 bytes from offset") !=
        std::string::npos);
  elf = wrapper(packed);
  elf.sections[initrd].offset = UINT64_MAX;
  elf.sections[initrd].size = UINT64_MAX;
  CHECK(error_of(elf).find("section .kernel:initrd has 0xffffffffffffffff bytes") !=
        std::string::npos);
  elf = wrapper(packed);
  elf.sections[kernel].type = 8;
  CHECK(error_of(elf) ==
        "damaged ELF file: section .kernel:vmlinux.strip has no bytes in the file");
}

TEST_CASE("a 32-bit wrapper that lost its section headers is damaged and says so") {
  ElfFile elf = wrapper(packed, false);
  ByteVector image = bytes_of(elf);
  image.pop_back();
  kxf::Probe probe = format().probe(image);
  CHECK(probe.verdict == kxf::ProbeVerdict::damaged);
  CHECK(probe.reason.find("truncated ELF file: its 6 section headers are 240 bytes") == 0);
  elf.sections.clear();
  probe = format().probe(bytes_of(elf));
  CHECK(probe.verdict == kxf::ProbeVerdict::damaged);
  CHECK(probe.reason ==
        "an ELF file for 32-bit Power without a section .kernel:vmlinux.strip: no wrapper of a "
        "kernel, or one that lost its section headers");
}

TEST_CASE("a 64-bit wrapper that lost its section headers is left to the kernel's format") {
  ElfFile elf = wrapper(packed, true);
  elf.sections.clear();
  const ByteVector image = bytes_of(elf);
  CHECK(verdict_of(image) == kxf::ProbeVerdict::not_mine);
  const kxf::ImageFormat& other = kxf::ppc64::elf_image();
  CHECK(other.probe(image).verdict == kxf::ProbeVerdict::mine);
  kxf::Record record;
  const auto contents = other.parse(image, {{}}, record);
  REQUIRE_FALSE(contents.has_value());
  CHECK(contents.error().message.find("no kernel that kexec can enter") == 0);
}

TEST_CASE("any bytes in a wrapper's tables are parsed or refused, never trusted") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& noise, bool wide) {
    ByteVector image = bytes_of(wrapper(packed, wide));
    const std::size_t tables = image.size() - (wide ? 384 : 240);
    for (std::size_t i = 0; i + 2 < noise.size(); i += 3) {
      const std::size_t where = std::size_t{noise[i]} << 8U | noise[i + 1];
      image[where % 2 == 0 ? where / 2 % 64 : tables + where / 2 % (image.size() - tables)] =
          noise[i + 2];
    }
    if (verdict_of(image) != kxf::ProbeVerdict::mine) return;
    kxf::Record record;
    const auto contents = format().parse(image, {{}}, record);
    if (!contents) return;
    const kxf::ByteView payload = contents->payload->bytes;
    RC_ASSERT(!payload.empty());
    RC_ASSERT(payload.data() >= image.data());
    RC_ASSERT(payload.data() + payload.size() <= image.data() + image.size());
  }));
}

}  // namespace ppc64_zimage_test
