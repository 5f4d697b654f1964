// SPDX-License-Identifier: Apache-2.0
#include "formats/uki.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "fake_registry.hpp"
#include "kxf/device_tree.hpp"
#include "kxf/pe.hpp"
#include "map_machine.hpp"

namespace uki_test {
namespace {

using kxf::ByteVector;
using kxf::ByteView;
using kxf::Endian;
using kxf::ImageContents;
using kxf::ProbeVerdict;
using kxf_test::contains;
using kxf_test::decided;

struct Section {
  std::string name;
  std::string bytes;
  std::uint32_t memory_bytes = UINT32_MAX;  ///< as many as there are
};

constexpr std::uint32_t pe_at = 64;
constexpr std::uint32_t optional_at = pe_at + 24;
constexpr std::uint32_t optional_size = 112 + 6 * 8;
constexpr std::uint32_t table_at = optional_at + optional_size;
constexpr std::uint32_t alignment = 64;  // of section bytes in the file

/// A PE file of these sections, each padded with 'p'; then certificates.
ByteVector pe_file(const std::vector<Section>& sections, std::size_t certificates = 0) {
  ByteVector file(table_at + sections.size() * 40);
  const auto text = [&file](std::size_t at, std::string_view value) {
    std::copy(value.begin(), value.end(), file.begin() + static_cast<std::ptrdiff_t>(at));
  };
  const auto word = [&file](std::size_t at, std::size_t value) {
    kxf::store(std::span(file), at, static_cast<std::uint32_t>(value), Endian::little);
  };
  text(0, "MZ");
  word(60, pe_at);
  text(pe_at, "PE");
  kxf::store(std::span(file), pe_at + 6, static_cast<std::uint16_t>(sections.size()),
             Endian::little);
  kxf::store(std::span(file), pe_at + 20, static_cast<std::uint16_t>(optional_size),
             Endian::little);
  kxf::store(std::span(file), optional_at, std::uint16_t{0x20b}, Endian::little);
  word(optional_at + 108, 6);
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Section& section = sections[i];
    file.resize((file.size() + alignment - 1) / alignment * alignment);
    const std::size_t at = table_at + i * 40;
    const std::size_t padded = (section.bytes.size() + alignment - 1) / alignment * alignment;
    text(at, section.name);
    word(at + 8, section.memory_bytes == UINT32_MAX ? section.bytes.size() : section.memory_bytes);
    word(at + 16, padded);
    word(at + 20, file.size());
    file.insert(file.end(), section.bytes.begin(), section.bytes.end());
    file.resize(file.size() + padded - section.bytes.size(), 'p');
  }
  if (certificates != 0) {
    word(optional_at + 112 + 32, file.size());
    word(optional_at + 112 + 36, certificates);
    file.resize(file.size() + certificates, 'c');
  }
  return file;
}

std::string tree_for(std::string_view board) {
  kxf_test::TreeMaker maker;
  const kxf::DeviceTree tree =
      maker.text("/", "compatible", std::string(board) + std::string("\0acme,any", 9)).done();
  return std::string(kxf::text_of(tree.blob()));
}

struct Scene {
  std::vector<std::string_view> board{};
  std::string configuration{};
  bool required = false;
  kxf::Record record{};

  kxf::Result<ImageContents> parse(ByteView image) {
    return kxf::formats::uki().parse(image, {{}, board, configuration, {}, required}, record);
  }
  ImageContents parsed(ByteView image) {
    auto contents = parse(image);
    REQUIRE_MESSAGE(contents, (contents ? "" : contents.error().message));
    return std::move(*contents);
  }
  std::string refusal(ByteView image) {
    const auto contents = parse(image);
    return contents ? "" : contents.error().message;
  }
};

std::string_view text(const std::optional<kxf::CarriedBytes>& carried) {
  return carried ? kxf::text_of(carried->bytes) : "none";
}

kxf::Probe probe(ByteView image) { return kxf::formats::uki().probe(image); }

}  // namespace

TEST_CASE("uki: told from other PE files by its section") {
  CHECK(probe(pe_file({{".text", "stub"}, {".linux", "kernel"}})).verdict == ProbeVerdict::mine);
  CHECK(probe(pe_file({{".text", "stub"}, {".data", "x"}})).verdict == ProbeVerdict::not_mine);
  CHECK(probe(kxf::bytes_of("MZ and nothing")).verdict == ProbeVerdict::not_mine);
  CHECK(probe(kxf::bytes_of("a kernel")).verdict == ProbeVerdict::not_mine);
  const kxf::Probe addon = probe(pe_file({{".sbat", "x"}, {".cmdline", "quiet"}}));
  CHECK(addon.verdict == ProbeVerdict::damaged);
  CHECK(contains(addon.reason, "an add-on to a UKI"));
}

TEST_CASE("uki: a cut file is told as such from where its table names the kernel") {
  const ByteVector whole = pe_file({{".linux", std::string(100, 'k')}, {".initrd", "i"}}, 24);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    const kxf::Probe found = probe(ByteView(whole).first(size));
    CHECK(found.verdict == (size < table_at + 8 ? ProbeVerdict::not_mine : ProbeVerdict::damaged));
  }
  CHECK(probe(whole).verdict == ProbeVerdict::mine);
}

TEST_CASE("uki: sections are what the memory size says, without padding") {
  const ByteVector image = pe_file({{".text", "stub"},
                                    {".linux", "the kernel"},
                                    {".initrd", "the initrd"},
                                    {".cmdline", "root=/dev/vda ro"},
                                    {".dtb", tree_for("acme,one")},
                                    {".ucode", "microcode"}});
  Scene scene;
  const ImageContents contents = scene.parsed(image);
  CHECK(text(contents.payload) == "the kernel");
  CHECK(contents.payload->codec.empty());
  REQUIRE(contents.initrd);
  CHECK(kxf::text_of(*contents.initrd) == "the initrd");
  CHECK(contents.command_line == "root=/dev/vda ro");
  CHECK(text(contents.device_tree) == tree_for("acme,one"));
  CHECK(contents.configuration.empty());
  CHECK(contents.verified_by.empty());
  CHECK(contains(decided(scene.record, "uki", ".ucode left out"), "9 bytes of microcode"));
  CHECK(decided(scene.record, "uki", "not signed") != "");
}

TEST_CASE("uki: its signature is said to be unverified, and refused where one is required") {
  const ByteVector image = pe_file({{".linux", "kernel"}}, 48);
  Scene scene;
  scene.parsed(image);
  CHECK(contains(decided(scene.record, "uki", "its signature (48 bytes) is not verified"),
                 "covers the whole file, and not the kernel inside"));
  scene.required = true;
  CHECK(contains(scene.refusal(image), "kxf does not verify it"));
}

TEST_CASE("uki: the first tree for the board, else the one for all") {
  const std::vector<Section> sections = {{".linux", "kernel"},
                                         {".dtb", tree_for("acme,default")},
                                         {".dtbauto", tree_for("acme,one")},
                                         {".dtbauto", tree_for("acme,two")},
                                         {".dtbauto", tree_for("acme,two")}};
  const ByteVector image = pe_file(sections);
  Scene scene;
  CHECK(text(scene.parsed(image).device_tree) == tree_for("acme,default"));
  scene.board = {"acme,two", "acme,any"};
  CHECK(text(scene.parsed(image).device_tree) == tree_for("acme,two"));
  CHECK(decided(scene.record, "uki", "device tree .dtbauto") ==
        "device tree .dtbauto 2 of 3 (it is for acme,two)");
  scene.board = {"acme,any"};  // not the first entry of any
  scene.record = {};
  CHECK(text(scene.parsed(image).device_tree) == tree_for("acme,default"));
  CHECK(decided(scene.record, "uki", "device tree") ==
        "device tree .dtb (none of 3 .dtbauto is for this board)");
  scene.record = {};
  CHECK_FALSE(scene.parsed(pe_file({sections[0], sections[2]})).device_tree);
  CHECK(decided(scene.record, "uki", "no device tree") != "");
}

TEST_CASE("uki: profiles override the base, and are chosen by number or name") {
  const ByteVector image = pe_file({{".linux", "kernel"},
                                    {".cmdline", "quiet"},
                                    {".initrd", "base"},
                                    {".profile", "ID=regular\nTITLE=\"Regular boot\"\n"},
                                    {".profile", "TITLE=x\nID=\"factory-reset\"\n"},
                                    {".cmdline", "reset"},
                                    {".profile", "no name"},
                                    {".initrd", "other"},
                                    {".linux", "another kernel"}});
  const auto chosen = [&image](const char* name) {
    Scene scene;
    scene.configuration = name;
    const ImageContents contents = scene.parsed(image);
    return fmt::format("{} {}, {}, {}", contents.configuration, text(contents.payload),
                       *contents.command_line, kxf::text_of(*contents.initrd));
  };
  CHECK(chosen("") == "@0 kernel, quiet, base");
  CHECK(chosen("regular") == "@0 kernel, quiet, base");
  CHECK(chosen("@1") == "@1 kernel, reset, base");
  CHECK(chosen("factory-reset") == "@1 kernel, reset, base");
  CHECK(chosen("@2") == "@2 another kernel, quiet, other");
  Scene scene;
  scene.configuration = "@3";
  CHECK(scene.refusal(image) == "no profile \"@3\"; there are @0 regular, @1 factory-reset, @2");
}

TEST_CASE("uki: sections that are there twice, empty or larger than the file are refused") {
  Scene scene;
  CHECK(contains(scene.refusal(pe_file({{".linux", "a"}, {".linux", "b"}})),
                 "section .linux is there twice"));
  CHECK(contains(scene.refusal(pe_file({{".linux", ""}})), "its section .linux is empty"));
  CHECK(contains(
      scene.refusal(pe_file({{".profile", "ID=x"}, {".profile", "ID=y"}, {".linux", "b"}})),
      "its section .linux is empty, or in another profile"));
  CHECK(contains(scene.refusal(pe_file({{".linux", "a"}, {".initrd", "b", 65}})),
                 "section .initrd has 65 bytes in memory and 64 in the file"));
  CHECK(scene.refusal(pe_file({{".bss", "a", 4096}, {".linux", "b", 0}})).empty());
  ByteVector image = pe_file({{".linux", "a"}});
  kxf::store(std::span(image), table_at + 20, UINT32_MAX, Endian::little);
  CHECK(contains(scene.refusal(image), "truncated: its section .linux is 1 bytes at offset 0xff"));
  image = pe_file({{".linux", "a"}}, 8);
  kxf::store(std::span(image), optional_at + 112 + 36, UINT32_MAX, Endian::little);
  CHECK(contains(scene.refusal(image), "truncated: its certificates are 4294967295 bytes"));
}

}  // namespace uki_test
