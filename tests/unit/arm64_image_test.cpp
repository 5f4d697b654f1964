// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <string>

#include "arm64/arm64.hpp"

namespace arm64_image_test {
namespace {

using kxf::ByteVector;
using kxf::Endian;

constexpr std::uint64_t mib = 1 << 20;

struct Header {
  std::uint64_t text_offset = 0;
  std::uint64_t image_size = 2 * mib;
  std::uint64_t flags = 0b1010;  // little-endian, 4 KiB pages, anywhere
};

ByteVector image_with(const Header& header, std::size_t file_bytes = 4096) {
  ByteVector bytes(file_bytes, 0);
  const std::span<std::uint8_t> out(bytes);
  kxf::store<std::uint32_t>(out, 0, 0x14000010, Endian::little);  // b
  kxf::store(out, 8, header.text_offset, Endian::little);
  kxf::store(out, 16, header.image_size, Endian::little);
  kxf::store(out, 24, header.flags, Endian::little);
  kxf::store<std::uint32_t>(out, 56, 0x644d5241, Endian::little);
  return bytes;
}

/// An EFI stub: "MZ", a PE header with two sections that end with the file, and room for a
/// certificate table.
ByteVector efi_image(std::size_t file_bytes, std::uint32_t certificates = 0,
                     std::uint32_t certificate_bytes = 0) {
  ByteVector bytes = image_with({}, file_bytes);
  const std::span<std::uint8_t> out(bytes);
  bytes[0] = 'M';
  bytes[1] = 'Z';
  constexpr std::uint32_t pe = 64;
  constexpr std::size_t optional = pe + 24;
  constexpr std::uint16_t optional_bytes = 160;
  kxf::store<std::uint32_t>(out, 60, pe, Endian::little);
  bytes[pe] = 'P';
  bytes[pe + 1] = 'E';
  kxf::store<std::uint16_t>(out, pe + 6, 2, Endian::little);
  kxf::store<std::uint16_t>(out, pe + 20, optional_bytes, Endian::little);
  kxf::store<std::uint16_t>(out, optional, 0x20b, Endian::little);
  kxf::store<std::uint32_t>(out, optional + 108, 6, Endian::little);
  kxf::store<std::uint32_t>(out, optional + 144, certificates, Endian::little);
  kxf::store<std::uint32_t>(out, optional + 148, certificate_bytes, Endian::little);
  const auto end = certificates != 0 ? certificates : static_cast<std::uint32_t>(file_bytes);
  const std::size_t sections = optional + optional_bytes;
  std::ranges::copy(std::string_view(".text"), bytes.begin() + sections);
  std::ranges::copy(std::string_view(".data"), bytes.begin() + sections + 40);
  kxf::store<std::uint32_t>(out, sections + 16, 1024, Endian::little);
  kxf::store<std::uint32_t>(out, sections + 20, 1024, Endian::little);
  kxf::store<std::uint32_t>(out, sections + 40 + 16, end - 2048, Endian::little);
  kxf::store<std::uint32_t>(out, sections + 40 + 20, 2048, Endian::little);
  return bytes;
}

kxf::Result<kxf::ImageContents> parse(const ByteVector& image, kxf::Record& record,
                                      const std::string& slack = "16") {
  return kxf::arm64::image_format().parse(image, {{{"size-when-unknown", slack}}}, record);
}

kxf::KernelSpec spec_of(const ByteVector& image) {
  kxf::Record record;
  const auto contents = parse(image, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  REQUIRE(contents->kernel.has_value());
  return *contents->kernel;
}

std::string error_of(const ByteVector& image) {
  kxf::Record record;
  const auto contents = parse(image, record);
  REQUIRE_FALSE(contents.has_value());
  return contents.error().message;
}

kxf::ProbeVerdict verdict_of(const ByteVector& image) {
  return kxf::arm64::image_format().probe(image).verdict;
}

}  // namespace

TEST_CASE("an arm64 Image is known by its magic alone") {
  ByteVector image = image_with({});
  CHECK(verdict_of(image) == kxf::ProbeVerdict::mine);
  image[0] = 'M';
  image[1] = 'Z';
  CHECK(verdict_of(image) == kxf::ProbeVerdict::mine);
  image[56] = 'X';
  CHECK(verdict_of(image) == kxf::ProbeVerdict::not_mine);
  CHECK(verdict_of({}) == kxf::ProbeVerdict::not_mine);
  CHECK(verdict_of(ByteVector(59, 0)) == kxf::ProbeVerdict::not_mine);
}

TEST_CASE("an Image that ends inside its header is damaged, with the numbers") {
  ByteVector image = image_with({});
  image.resize(62);
  const kxf::Probe probe = kxf::arm64::image_format().probe(image);
  CHECK(probe.verdict == kxf::ProbeVerdict::damaged);
  CHECK(probe.reason == "truncated arm64 image: it has 62 bytes, its header alone has 64");
}

TEST_CASE("an Image says where it goes and how much memory it needs") {
  const kxf::KernelSpec spec =
      spec_of(image_with({.text_offset = 0x80000, .image_size = 3 * mib, .flags = 0b1010}));
  CHECK(spec.machine == "aarch64");
  CHECK(spec.endian == Endian::little);
  CHECK(spec.page_size_bytes == 4096);
  CHECK(spec.placement == kxf::Placement::anywhere);
  CHECK(spec.base_alignment == 2 * mib);
  CHECK(spec.base_offset == 0x80000);
  CHECK(spec.memory_size == 3 * mib);
  CHECK_FALSE(spec.memory_size_is_guess);
  CHECK(spec.entry_offset == 0);
  CHECK(spec.window == kxf::Range{0, std::uint64_t{1} << 48});
  CHECK(spec.file_load);
  REQUIRE(spec.parts.size() == 1);
  CHECK(spec.parts[0].bytes.size() == 4096);
  CHECK(spec.parts[0].memory_size == 3 * mib);
}

TEST_CASE("text_offset 0 is an offset, not a gap in the header") {
  CHECK(spec_of(image_with({.text_offset = 0})).base_offset == 0);
}

TEST_CASE("flags are one 64-bit quantity") {
  const auto flags = [](std::uint64_t value) { return spec_of(image_with({.flags = value})); };
  CHECK(flags(0).endian == Endian::little);
  CHECK(flags(1).endian == Endian::big);
  CHECK_FALSE(flags(0).page_size_bytes.has_value());
  CHECK(flags(0b010).page_size_bytes == 4096);
  CHECK(flags(0b100).page_size_bytes == 16384);
  CHECK(flags(0b110).page_size_bytes == 65536);
  CHECK(flags(0b110).placement == kxf::Placement::lowest);
  CHECK(flags(0b1000).placement == kxf::Placement::anywhere);
  // bits that no kernel of today sets change nothing
  CHECK(flags(0xffffffff00000010).page_size_bytes == std::nullopt);
}

TEST_CASE("an Image without image_size is an old kernel: documented offset, size by policy") {
  kxf::Record record;
  const auto contents =
      parse(image_with({.text_offset = 0x80000, .image_size = 0, .flags = 0}, 5000), record, "32");
  REQUIRE(contents);
  const kxf::KernelSpec& spec = *contents->kernel;
  CHECK(spec.base_offset == 0x80000);
  CHECK(spec.memory_size == 5000 + 32 * mib);
  CHECK(spec.memory_size_is_guess);
  CHECK(spec.endian == Endian::little);
  CHECK(spec.placement == kxf::Placement::lowest);
  CHECK_FALSE(spec.file_load);
  CHECK(spec.file_load_reason.find("image_size") != std::string::npos);
  REQUIRE(record.warnings().size() == 1);
  CHECK(record.warnings()[0].id == "image-size-unknown");
}

TEST_CASE("an old big-endian kernel is told by the byte order of its text_offset") {
  CHECK(spec_of(image_with({.text_offset = 0x080000000000, .image_size = 0})).endian ==
        Endian::big);
}

TEST_CASE("size-when-unknown takes whole MiB only") {
  kxf::Record record;
  const auto contents = parse(image_with({.image_size = 0}), record, "plenty");
  REQUIRE_FALSE(contents);
  CHECK(contents.error().message ==
        "setting size-when-unknown of the image format arm64-image is \"plenty\"");
}

TEST_CASE("a damaged Image header is refused with the field and its value") {
  CHECK(error_of(image_with({.text_offset = 0x200000})) ==
        "damaged arm64 image: text_offset 0x200000 is not a multiple of 4 KiB below 2 MiB");
  CHECK(error_of(image_with({.text_offset = 0x80100})) ==
        "damaged arm64 image: text_offset 0x80100 is not a multiple of 4 KiB below 2 MiB");
  CHECK(error_of(image_with({.image_size = 0xff00000000000000})) ==
        "damaged arm64 image: image_size 0xff00000000000000 is over 4 GiB");
  CHECK(error_of(image_with({.image_size = 60})) ==
        "damaged arm64 image: image_size 60 is less than its header");
}

TEST_CASE("an Image that is larger than the memory it asks for is refused") {
  ByteVector image = image_with({.image_size = 8192}, 10000);
  image[9000] = 1;
  CHECK(error_of(image) ==
        "oversized arm64 image: its header gives it 8192 bytes of memory, and the file has 10000 "
        "with content at offset 0x2328");
}

TEST_CASE("zeros behind the memory that an Image asks for are padding") {
  const ByteVector image = image_with({.image_size = 8192}, 10000);
  const kxf::KernelSpec spec = spec_of(image);
  CHECK(spec.parts[0].bytes.size() == 8192);
  CHECK(spec.memory_size == 8192);
  CHECK_FALSE(spec.file_load);  // the running kernel would get the whole file
}

TEST_CASE("an Image with an EFI stub that lost its end is refused with the section that is cut") {
  ByteVector image = efi_image(8192);
  CHECK(spec_of(image).parts[0].bytes.size() == 8192);
  image.resize(8000);
  CHECK(error_of(image) ==
        "arm64 image with an EFI stub: truncated: its section .data is 6144 bytes at offset 0x800, "
        "and the file has 8000");
}

TEST_CASE("the certificates of a signed Image stay out of memory") {
  ByteVector image = efi_image(9000, 8192, 808);
  std::fill(image.begin() + 8192, image.end(), 0xcc);
  kxf::store<std::uint64_t>(std::span<std::uint8_t>(image), 16, 8192, Endian::little);
  kxf::Record record;
  const auto contents = parse(image, record);
  REQUIRE_MESSAGE(contents.has_value(), (contents ? "" : contents.error().message));
  CHECK(contents->kernel->parts[0].bytes.size() == 8192);
  REQUIRE(record.decisions().size() == 1);
  CHECK(record.decisions()[0].topic == "kernel signature");
}

TEST_CASE("certificates that the file does not hold, or that lie in the kernel, are refused") {
  CHECK(
      error_of(efi_image(9000, 8192, 5000)) ==
      "arm64 image with an EFI stub: truncated: its certificates are 5000 bytes at offset 0x2000, "
      "and the file has 9000");
  ByteVector image = efi_image(9000);
  kxf::store<std::uint32_t>(std::span<std::uint8_t>(image), 64 + 24 + 144, 4096, Endian::little);
  kxf::store<std::uint32_t>(std::span<std::uint8_t>(image), 64 + 24 + 148, 16, Endian::little);
  CHECK(error_of(image) == "arm64 image: its certificates at offset 0x1000 lie inside the kernel");
}

TEST_CASE("a PE offset that leads nowhere is refused") {
  ByteVector image = efi_image(8192);
  kxf::store<std::uint32_t>(std::span<std::uint8_t>(image), 60, 0xfffffff0, Endian::little);
  CHECK(error_of(image).find("no PE header at offset 0xfffffff0") != std::string::npos);
}

TEST_CASE("any bytes behind the magic are parsed or refused, never trusted") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& noise, bool efi) {
    ByteVector image = efi ? efi_image(4096) : image_with({});
    for (std::size_t i = 0; i + 2 < noise.size(); i += 3)
      image[std::size_t{noise[i]} * 2 % 300] = noise[i + 1];
    kxf::Record record;
    const auto contents = parse(image, record);
    if (!contents) return;
    const kxf::KernelSpec& spec = *contents->kernel;
    RC_ASSERT(spec.base_offset < spec.base_alignment);
    RC_ASSERT(spec.parts.size() == 1U);
    RC_ASSERT(spec.parts[0].bytes.size() <= spec.memory_size);
  }));
}

}  // namespace arm64_image_test
