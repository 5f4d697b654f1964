// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <zlib.h>

#include "format_checks.hpp"
#include "formats/formats.hpp"
#include "from_hex.hpp"

namespace uimage_test {
namespace {

using namespace kxf;
using kxf_test::from_hex;

const ImageFormat& format() { return formats::uimage(); }

struct Fields {
  std::uint32_t load = 0x40200000;
  std::uint32_t entry = 0x40200000;
  std::uint8_t system = 5;
  std::uint8_t architecture = 22;
  std::uint8_t type = 2;
  std::uint8_t compression = 0;
  std::string name = "a kernel";
};

std::uint32_t crc_of(const ByteVector& bytes) {
  return static_cast<std::uint32_t>(crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

/// Put the CRC of the header right.
void seal(ByteVector& image) {
  ByteVector header(image.begin(), image.begin() + 64);
  std::fill_n(header.begin() + 4, 4, std::uint8_t{0});
  store(std::span<std::uint8_t>(image), 4, crc_of(header), Endian::big);
}

ByteVector uimage(const Fields& fields, const ByteVector& data) {
  ByteVector image(64);
  const std::span<std::uint8_t> out(image);
  store<std::uint32_t>(out, 0, 0x27051956, Endian::big);
  store(out, 12, static_cast<std::uint32_t>(data.size()), Endian::big);
  store(out, 16, fields.load, Endian::big);
  store(out, 20, fields.entry, Endian::big);
  store(out, 24, crc_of(data), Endian::big);
  image[28] = fields.system;
  image[29] = fields.architecture;
  image[30] = fields.type;
  image[31] = fields.compression;
  std::copy_n(fields.name.begin(), std::min<std::size_t>(fields.name.size(), 32),
              image.begin() + 32);
  seal(image);
  image.insert(image.end(), data.begin(), data.end());
  return image;
}

ByteVector bytes(std::string_view text) { return ByteVector(text.begin(), text.end()); }

/// The data of a multi-file image.
ByteVector files(const std::vector<ByteVector>& all) {
  ByteVector data((all.size() + 1) * 4);
  for (std::size_t i = 0; i < all.size(); ++i)
    store(std::span<std::uint8_t>(data), i * 4, static_cast<std::uint32_t>(all[i].size()),
          Endian::big);
  for (const ByteVector& file : all) {
    data.insert(data.end(), file.begin(), file.end());
    data.resize((data.size() + 3) / 4 * 4);
  }
  return data;
}

/// `image` must outlive the result.
ImageContents contents_of(const ByteVector& image, Record& record) {
  auto contents = kxf_test::contents_of(format(), image, record);
  CHECK_FALSE(contents.kernel.has_value());
  REQUIRE(contents.payload.has_value());
  return contents;
}
ImageContents contents_of(const ByteVector& image) {
  Record record;
  return contents_of(image, record);
}

std::string error_of(const ByteVector& image) { return kxf_test::error_of(format(), image); }

std::string damage_of(const ByteVector& image) {
  const Probe probe = format().probe(image);
  CHECK(probe.verdict == ProbeVerdict::damaged);
  return probe.reason;
}

// mkimage 2023.01: -A arm64 -O linux -T kernel -C gzip -a 0x40200000 -e 0x40200000
constexpr std::string_view made_single =
    "270519564cefd9b86553f1000000000a40200000402000004035c2630516020161206b65726e656c0000000000"
    "00000000000000000000000000000000000000746865206b65726e656c";
// mkimage 2023.01: -A ppc -O linux -T multi -C none -a 0 -e 0 -d kernel:initrd:tree
constexpr std::string_view made_multi =
    "27051956b23a9fcf6553f1000000003000000000000000004faeb7010507040074687265650000000000000000"
    "000000000000000000000000000000000000000000000a0000000b0000000800000000746865206b65726e656c"
    "000074686520696e697472642100d00dfeed74726565";

}  // namespace

TEST_CASE("uImage: what mkimage made is read") {
  const ByteVector single = from_hex(made_single);
  Record record;
  const ImageContents one = contents_of(single, record);
  CHECK(text_of(one.payload->bytes) == "the kernel");
  CHECK(one.payload->codec == "gzip");
  CHECK(one.payload_machine == "aarch64");
  CHECK_FALSE(one.initrd.has_value());
  REQUIRE(record.decisions().size() == 2);
  CHECK(record.decisions()[0].reason ==
        "a Linux kernel for AArch64, packed with gzip, \"a kernel\"");
  CHECK(record.warnings().empty());

  const ByteVector multi = from_hex(made_multi);
  const ImageContents three = contents_of(multi);
  CHECK(text_of(three.payload->bytes) == "the kernel");
  CHECK(three.payload->codec.empty());
  CHECK(three.payload_machine == "ppc");
  REQUIRE(three.initrd.has_value());
  CHECK(text_of(*three.initrd) == "the initrd!");
  REQUIRE(three.device_tree.has_value());
  CHECK(text_of(three.device_tree->bytes).ends_with("tree"));
}

TEST_CASE("uImage: the header's ids become names of codecs and machines") {
  const std::vector<std::string> codecs = {"",    "gzip", "bzip2", "lzma",
                                           "lzo", "lz4",  "zstd",  "method 7"};
  for (std::size_t i = 0; i < codecs.size(); ++i) {
    const ByteVector image =
        uimage({.compression = static_cast<std::uint8_t>(i)}, bytes("something"));
    CHECK(contents_of(image).payload->codec == codecs[i]);
  }
  const auto claim = [](std::uint8_t architecture) {
    const ImageContents contents =
        contents_of(uimage({.architecture = architecture}, bytes("something")));
    return contents.payload_summary + "|" + contents.payload_machine;
  };
  CHECK(claim(22) == "a Linux kernel for AArch64|aarch64");
  CHECK(claim(7) == "a Linux kernel for PowerPC|ppc");
  CHECK(claim(24) == "a Linux kernel for AMD x86_64|x86_64");
  CHECK(claim(26) == "a Linux kernel for RISC-V|riscv");
  CHECK(claim(27) == "a Linux kernel for LoongArch|loongarch");
  CHECK(claim(0) == "a Linux kernel for no architecture|");
  CHECK(claim(200) == "a Linux kernel for architecture 200|");
}

TEST_CASE("uImage: what is no Linux kernel is named") {
  const auto of_type = [](std::uint8_t type) {
    return error_of(uimage({.type = type}, bytes("x")));
  };
  CHECK(of_type(6) == "a uImage of a script, and no kernel");
  CHECK(of_type(3) == "a uImage of an initrd, and no kernel");
  CHECK(of_type(8) == "a uImage of a device tree, and no kernel");
  CHECK(of_type(22) == "a uImage of a loadable, and no kernel");
  CHECK(of_type(77) == "a uImage of type 77, and no kernel");
  const auto of_system = [](std::uint8_t system) {
    return error_of(uimage({.system = system}, bytes("x")));
  };
  CHECK(of_system(17) == "a uImage for U-Boot, and not for Linux");
  CHECK(of_system(14) == "a uImage for VxWorks, and not for Linux");
  CHECK(of_system(29) == "a uImage for ELF, and not for Linux");
  CHECK(of_system(30) == "a uImage for operating system 30, and not for Linux");
}

TEST_CASE("uImage: an entry point that is not the first byte is warned about") {
  const auto warnings = [](const Fields& fields) {
    Record record;
    const ByteVector image = uimage(fields, bytes("x"));
    (void)contents_of(image, record);
    return record.warnings().size();
  };
  CHECK(warnings({.load = 0, .entry = 0}) == 0);
  CHECK(warnings({.load = 0x80000, .entry = 0x80000}) == 0);
  CHECK(warnings({.load = 0x80000, .entry = 0x80040}) == 1);
  CHECK(warnings({.load = 0x80000, .entry = 0, .type = 14}) == 0);
  CHECK(warnings({.load = 0x80000, .entry = 0x40, .type = 14}) == 1);
}

TEST_CASE("uImage: a name that would disturb a terminal is printed without that") {
  Record record;
  const ByteVector image = uimage({.name = "a\x1b[2Jb\"\xc3"}, bytes("x"));
  (void)contents_of(image, record);
  CHECK(record.decisions()[0].reason.ends_with("\"a?[2Jb\"?\""));
}

TEST_CASE("uImage: a damaged or cut header is damage, and says so") {
  const ByteVector image = uimage({}, bytes("the kernel"));
  CHECK(damage_of(ByteVector(image.begin(), image.begin() + 63)) ==
        "truncated uImage: it has 63 bytes, its header alone has 64");
  CHECK(damage_of(ByteVector(image.begin(), image.end() - 1)) ==
        "truncated uImage: its header says 10 bytes of data, and 9 are there");
  for (std::size_t bit = 32; bit < std::size_t{64} * 8; ++bit) {
    CAPTURE(bit);
    ByteVector flipped = image;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    CHECK(damage_of(flipped) == "the CRC-32 of the uImage's header is not what it says");
  }
  for (std::size_t bit = 0; bit < 32; ++bit) {
    ByteVector flipped = image;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    CHECK(format().probe(flipped).verdict == ProbeVerdict::not_mine);
  }
  ByteVector huge = image;
  store<std::uint32_t>(huge, 12, UINT32_MAX, Endian::big);
  seal(huge);
  CHECK(damage_of(huge).starts_with("truncated uImage: its header says 4294967295 bytes"));
}

TEST_CASE("uImage: a flipped bit in the data is found") {
  const ByteVector image = uimage({}, bytes("the kernel"));
  for (std::size_t bit = std::size_t{64} * 8; bit < image.size() * 8; ++bit) {
    ByteVector flipped = image;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
    CHECK(
        error_of(flipped).starts_with("damaged uImage: the CRC-32 of its 10 bytes of data is 0x"));
  }
}

TEST_CASE("uImage: what flash memory is filled with may follow, something else not") {
  ByteVector image = uimage({}, bytes("the kernel"));
  image.resize(100, 0xff);
  image.resize(120, 0);
  CHECK(text_of(contents_of(image).payload->bytes) == "the kernel");
  image[90] = 7;
  CHECK(error_of(image) == "the uImage ends at byte 74 and something else follows at byte 90");
}

TEST_CASE("uImage: the files of a multi-file image are taken in order") {
  const Fields multi{.type = 4, .compression = 1};
  const ByteVector tree = bytes("\xd0\x0d\xfe\xed!");
  const ByteVector one = uimage(multi, files({bytes("kernel")}));
  CHECK(text_of(contents_of(one).payload->bytes) == "kernel");
  CHECK(contents_of(one).payload->codec == "gzip");
  const ByteVector two = uimage(multi, files({bytes("kernel"), bytes("initrd")}));
  CHECK(text_of(*contents_of(two).initrd) == "initrd");
  CHECK_FALSE(contents_of(two).device_tree.has_value());
  Record record;
  const ByteVector four =
      uimage(multi, files({bytes("kernel"), bytes("initrd"), tree, bytes("more")}));
  const ImageContents contents = contents_of(four, record);
  CHECK(std::ranges::equal(contents.device_tree->bytes, tree));
  REQUIRE(record.warnings().size() == 1);
  CHECK(record.warnings()[0].id == "uimage-files-left-out");
  CHECK(error_of(uimage(multi, files({bytes("kernel"), tree}))) ==
        "the second file of the uImage, where its initrd has to be, is a device tree");
}

TEST_CASE("uImage: a list of files that does not fit the data is damaged") {
  const Fields multi{.type = 4};
  CHECK(error_of(uimage(multi, ByteVector(4))) ==
        "damaged uImage: a multi-file image without a file");
  CHECK(error_of(uimage(multi, ByteVector(7, 1))) ==
        "damaged uImage: the list of its files has no end");
  CHECK(error_of(uimage(multi, {})) == "damaged uImage: it has no data");
  CHECK(error_of(uimage({}, {})) == "damaged uImage: it has no data");
  ByteVector data = files({bytes("kernel"), bytes("initrd")});
  store<std::uint32_t>(data, 4, UINT32_MAX, Endian::big);
  CHECK(error_of(uimage(multi, data)) ==
        "damaged uImage: its file 1 has 4294967295 bytes at byte 20 of its data, which are 28");
}

TEST_CASE("uImage: any header and any list of files is read or refused, never trusted") {
  CHECK(rc::check([](const ByteVector& noise, bool of_files) {
    ByteVector image = uimage({.type = 4}, files({bytes("kernel"), bytes("initrd")}));
    for (std::size_t i = 0; i + 1 < noise.size(); i += 2)
      image[of_files ? 64 + noise[i] % 12 : 12 + noise[i] % 52] = noise[i + 1];
    const ByteVector data(image.begin() + 64, image.end());
    store(std::span<std::uint8_t>(image), 24, crc_of(data), Endian::big);
    seal(image);
    if (format().probe(image).verdict != ProbeVerdict::mine) return;
    Record record;
    const auto contents = format().parse(image, {{}}, record);
    if (!contents) return;
    for (const ByteView view :
         {contents->payload->bytes, contents->initrd.value_or(contents->payload->bytes)}) {
      RC_ASSERT(view.data() >= image.data());
      RC_ASSERT(view.data() + view.size() <= image.data() + image.size());
    }
  }));
}

}  // namespace uimage_test
