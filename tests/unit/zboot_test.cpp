// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "format_checks.hpp"
#include "formats/formats.hpp"

namespace zboot_test {
namespace {

using namespace kxf;

const ImageFormat& format() { return formats::zboot(); }

struct Fields {
  std::string compression = "gzip";
  std::uint16_t machine = 0xaa64;
  std::uint32_t certificate_bytes = 0;
};

constexpr std::uint32_t payload_at = 0x400;
constexpr std::string_view payload = "the packed kernel";

/// A PE program of 0x600 bytes with one section from 0x200, and certificates behind it.
ByteVector zboot(const Fields& fields = {}) {
  ByteVector image(0x600);
  const std::span<std::uint8_t> out(image);
  const auto put = [&image](std::size_t at, std::string_view text) {
    std::ranges::copy(text, image.begin() + static_cast<std::ptrdiff_t>(at));
  };
  put(0, "MZ");
  put(4, "zimg");
  store<std::uint32_t>(out, 8, payload_at, Endian::little);
  store(out, 12, static_cast<std::uint32_t>(payload.size()), Endian::little);
  put(24, fields.compression);
  store<std::uint32_t>(out, 56, 0x818223cd, Endian::little);
  constexpr std::uint32_t pe = 64;
  constexpr std::size_t optional = pe + 24;
  constexpr std::uint16_t optional_bytes = 160;
  store<std::uint32_t>(out, 60, pe, Endian::little);
  put(pe, "PE");
  store(out, pe + 4, fields.machine, Endian::little);
  store<std::uint16_t>(out, pe + 6, 1, Endian::little);
  store(out, pe + 20, optional_bytes, Endian::little);
  store<std::uint16_t>(out, optional, 0x20b, Endian::little);
  store<std::uint32_t>(out, optional + 108, 6, Endian::little);
  constexpr std::size_t section = optional + optional_bytes;
  put(section, ".text");
  store<std::uint32_t>(out, section + 16, 0x400, Endian::little);
  store<std::uint32_t>(out, section + 20, 0x200, Endian::little);
  put(payload_at, payload);
  if (fields.certificate_bytes == 0) return image;
  store<std::uint32_t>(out, optional + 144, 0x600, Endian::little);
  store(out, optional + 148, fields.certificate_bytes, Endian::little);
  image.resize(image.size() + fields.certificate_bytes, 0xce);
  return image;
}

ByteVector with(std::size_t at, std::uint32_t value, const Fields& fields = {}) {
  ByteVector image = zboot(fields);
  store(std::span<std::uint8_t>(image), at, value, Endian::little);
  return image;
}

/// `image` must outlive the result.
ImageContents contents_of(const ByteVector& image, Record& record) {
  auto contents = kxf_test::contents_of(format(), image, record);
  REQUIRE(contents.payload.has_value());
  return contents;
}
ImageContents contents_of(const ByteVector& image) {
  Record record;
  return contents_of(image, record);
}

std::string error_of(const ByteVector& image) { return kxf_test::error_of(format(), image); }

}  // namespace

TEST_CASE("EFI zboot: the packed kernel is taken out and handed on") {
  Record record;
  const ByteVector image = zboot();
  const ImageContents contents = contents_of(image, record);
  CHECK(text_of(contents.payload->bytes) == payload);
  CHECK(contents.payload->codec == "gzip");
  CHECK(contents.payload_machine == "aarch64");
  CHECK_FALSE(contents.kernel.has_value());
  REQUIRE(record.decisions().size() == 1);
  CHECK(record.decisions()[0].reason ==
        "kexec cannot run a program for UEFI; in it: a kernel, packed with gzip (17 bytes)");
}

TEST_CASE("EFI zboot: known by its two magics, others that begin with MZ are not") {
  const auto verdict = [](const ByteVector& image) { return format().probe(image).verdict; };
  ByteVector image = zboot();
  image[4] = 'Z';
  CHECK(verdict(image) == ProbeVerdict::not_mine);
  image = zboot();
  image[0] = 'm';
  CHECK(verdict(image) == ProbeVerdict::not_mine);
  CHECK(verdict({}) == ProbeVerdict::not_mine);
  image = zboot();
  image.resize(63);
  CHECK(format().probe(image).reason ==
        "truncated EFI zboot image: it has 63 bytes, its header alone has 64");
  // The field at 56 came with Linux 6.2.
  CHECK(text_of(contents_of(with(56, 0)).payload->bytes) == payload);
}

TEST_CASE("EFI zboot: the names of Linux's build are those of codecs") {
  const auto codec = [](const char* name) {
    return contents_of(zboot({.compression = name})).payload->codec;
  };
  CHECK(codec("lz4") == "lz4");
  CHECK(codec("lzma") == "lzma");
  CHECK(codec("lzo") == "lzo");
  CHECK(codec("xzkern") == "xz");
  CHECK(codec("zstd22") == "zstd");
  CHECK(codec("zstd") == "zstd");
  CHECK(codec("brotli") == "brotli");  // whether there is such a codec, the core knows
  CHECK(codec("abcdefghijklmnopqrstuvwxyzabcdef").size() == 32);
  CHECK(error_of(zboot({.compression = ""})).find("no name of a compression") != std::string::npos);
  CHECK(error_of(zboot({.compression = "gz\x1b"})).find("no name of a compression") !=
        std::string::npos);
}

TEST_CASE("EFI zboot: a signature behind the program is not part of the kernel") {
  Record record;
  const ByteVector image = zboot({.certificate_bytes = 0x80});
  CHECK(text_of(contents_of(image, record).payload->bytes) == payload);
  REQUIRE(record.decisions().size() == 2);
  CHECK(record.decisions()[1].topic == "EFI zboot signature");
  CHECK(error_of(with(12, 0x201, {.certificate_bytes = 0x80})) ==
        "damaged EFI zboot image: its kernel is 513 bytes at offset 0x400, and the program has "
        "1536");
}

TEST_CASE("EFI zboot: a payload outside of the program is refused, whatever wraps") {
  CHECK(contents_of(with(12, 0x200)).payload->bytes.size() == 0x200);
  CHECK(error_of(with(12, 0x201)).starts_with("damaged EFI zboot image: its kernel is 513 bytes"));
  CHECK(error_of(with(12, 0)).starts_with("damaged EFI zboot image: its kernel is 0 bytes"));
  CHECK(error_of(with(8, 0xfffffff0)).find("at offset 0xfffffff0") != std::string::npos);
  CHECK(error_of(with(12, 0xfffffc10)).starts_with("damaged EFI zboot image"));
  CHECK(error_of(with(8, 63)).find("at offset 0x3f") != std::string::npos);
}

TEST_CASE("EFI zboot: a file that ends before its program does is truncated") {
  ByteVector image = zboot();
  image.resize(0x5ff);
  CHECK(error_of(image) ==
        "truncated: its section .text is 1024 bytes at offset 0x200, and the file has 1535");
  image = zboot({.certificate_bytes = 0x80});
  image.pop_back();
  CHECK(error_of(image).starts_with("truncated: its certificates are 128 bytes"));
  CHECK(error_of(with(60, 0x100000)).starts_with("no PE header at offset 0x100000"));
  CHECK(error_of(with(60, 0)).starts_with("no PE header at offset 0x0"));
}

TEST_CASE("EFI zboot: the machine of the PE header is what the kernel has to be for") {
  CHECK(contents_of(zboot({.machine = 0x6264})).payload_machine == "loongarch");
  CHECK(contents_of(zboot({.machine = 0x5064})).payload_summary == "a Linux kernel for riscv");
  CHECK(error_of(zboot({.machine = 0x1f0})) ==
        "an EFI zboot image for the PE machine 0x01f0, for which Linux has none");
}

TEST_CASE("EFI zboot: any bytes in the headers are read or refused, never trusted") {
  CHECK(rc::check([](const ByteVector& noise) {
    ByteVector image = zboot({.certificate_bytes = 16});
    for (std::size_t i = 0; i + 2 < noise.size(); i += 3)
      image[(std::size_t{noise[i]} << 2U | noise[i + 1] % 4) % 0x130] = noise[i + 2];
    if (format().probe(image).verdict != ProbeVerdict::mine) return;
    Record record;
    const auto contents = format().parse(image, {{}}, record);
    if (!contents) return;
    const ByteView view = contents->payload->bytes;
    RC_ASSERT(!view.empty());
    RC_ASSERT(view.data() >= image.data());
    RC_ASSERT(view.data() + view.size() <= image.data() + image.size());
  }));
}

}  // namespace zboot_test
