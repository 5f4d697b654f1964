// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "crash/capacity.hpp"

namespace crash_capacity_test {

using namespace kxf;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint64_t page = 4096;

void pad(std::string& archive) { archive.resize((archive.size() + 3) / 4 * 4); }

std::string cpio_entry(std::string_view name, std::string_view content) {
  std::string entry = "070701";
  const std::uint64_t fields[] = {1, 0100644,         0, 0, 1, 0, content.size(), 0, 0, 0,
                                  0, name.size() + 1, 0};
  for (const std::uint64_t field : fields) entry += fmt::format("{:08x}", field);
  entry += name;
  entry += '\0';
  pad(entry);
  entry += content;
  pad(entry);
  return entry;
}

std::string cpio(const std::vector<std::size_t>& sizes) {
  std::string archive;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    archive += cpio_entry(fmt::format("file{}", i), std::string(sizes[i], 'x'));
  return archive + cpio_entry("TRAILER!!!", "");
}

std::string little(std::uint64_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// A member whose compressed bytes nobody looks at.
std::string gzip(std::size_t packed, std::uint32_t unpacked) {
  std::string member = "\x1f\x8b\x08";
  member.resize(packed - 4, 'z');
  return member + little(unpacked, 4);
}

enum class Block : std::uint8_t { raw = 0, repeated = 1, compressed = 2, reserved = 3 };

std::string zstd_block(Block type, std::uint64_t size, bool last) {
  const std::uint64_t header = (size << 3U) | (std::uint64_t(type) << 1U) | (last ? 1U : 0U);
  return little(header, 3) + std::string(type == Block::repeated ? 1 : size, 'z');
}

/// A frame with a window of 8 MiB and a checksum, without the size of its content.
std::string zstd(const std::vector<std::string>& blocks) {
  std::string frame = "\x28\xb5\x2f\xfd\x04\x68";
  for (const std::string& block : blocks) frame += block;
  return frame + "hash";
}

InitrdFiles files_of(std::string_view initrd) { return initrd_files(bytes_of(initrd), page); }

InitrdFiles guessed(std::uint64_t packed) {
  return {packed * files_per_compressed_byte, SizeEvidence::guess};
}

}  // namespace

TEST_CASE("the files of an archive that is not compressed are counted in whole pages") {
  CHECK(files_of(cpio({1, 4096, 4097, 0})) == InitrdFiles{4 * page, SizeEvidence::counted});
  CHECK(initrd_files(bytes_of(cpio({1, 4096})), 65536) ==
        InitrdFiles{2 * 65536, SizeEvidence::counted});
  CHECK(files_of("") == InitrdFiles{});
  CHECK(files_of(cpio({})) == InitrdFiles{});
  // The checksummed form has the same fields.
  std::string other = cpio({5000});
  for (std::size_t at = 0; (at = other.find("070701", at)) != std::string::npos;)
    other[at + 5] = '2';
  CHECK(files_of(other) == InitrdFiles{2 * page, SizeEvidence::counted});
}

TEST_CASE("gzip is believed the size that it states") {
  CHECK(files_of(gzip(1000, 3000)) == InitrdFiles{3000, SizeEvidence::stated});
  // Less than it takes packed, or more than can be: of several members it is the last one's.
  CHECK(files_of(gzip(1000, 900)) == guessed(1000));
  CHECK(files_of(gzip(1000, 2000000)) == guessed(1000));
  CHECK(files_of("\x1f\x8b") == guessed(2));
}

TEST_CASE("zstd states the size of its content, or at least the number of its blocks") {
  constexpr std::uint64_t block = 128 << 10;
  const std::string full = zstd_block(Block::compressed, 1000, false);
  const std::string last = zstd_block(Block::raw, 77, true);
  CHECK(files_of(zstd({full, full, last})) == InitrdFiles{2 * block + 77, SizeEvidence::bound});
  CHECK(files_of(zstd({zstd_block(Block::repeated, 5000, true)})) ==
        InitrdFiles{5000, SizeEvidence::bound});

  std::string stated = "\x28\xb5\x2f\xfd\x80\x68" + little(200000, 4);
  CHECK(files_of(stated + full + full + last) == InitrdFiles{200000, SizeEvidence::stated});
  stated = "\x28\xb5\x2f\xfd\x40\x68" + little(300 - 256, 2);
  CHECK(files_of(stated + full + last) == InitrdFiles{300, SizeEvidence::stated});
  stated = "\x28\xb5\x2f\xfd\xe3" + std::string("dict") + little(90000, 8);
  CHECK(files_of(stated + full + last) == InitrdFiles{90000, SizeEvidence::stated});
  // More than its blocks can hold is not believed.
  stated = "\x28\xb5\x2f\xfd\xe0" + little(~0ULL, 8);
  CHECK(files_of(stated + full + last) == InitrdFiles{block + 77, SizeEvidence::bound});
  // A small window makes small blocks.
  std::string small = zstd({full, last});
  small[5] = 0x01;  // 1 KiB and an eighth
  CHECK(files_of(small) == InitrdFiles{1152 + 77, SizeEvidence::bound});

  for (const std::string& damaged :
       {zstd({full}), zstd({zstd_block(Block::reserved, 4, true)}), std::string("\x28\xb5\x2f\xfd"),
        "\x28\xb5\x2f\xfd\xe0" + little(1, 7), full.substr(0, 500)})
    CHECK(files_of(damaged).evidence == SizeEvidence::guess);
}

TEST_CASE("archives one behind the other add up, the worst evidence counts") {
  const std::string microcode = cpio({100});
  const std::string packed = gzip(5000, 20000);
  CHECK(files_of(microcode + std::string(512, '\0') + packed) ==
        InitrdFiles{page + 20000, SizeEvidence::stated});
  const std::string frame = zstd({zstd_block(Block::raw, 500, true)});
  CHECK(files_of(microcode + frame + std::string(3, '\0') + microcode) ==
        InitrdFiles{2 * page + 500, SizeEvidence::bound});
  const std::string unknown =
      "\xfd"
      "7zXZ" +
      std::string(95, 'x');
  CHECK(files_of(microcode + unknown) == InitrdFiles{page + 400, SizeEvidence::guess});
}

TEST_CASE("a damaged archive is a guess") {
  const std::string archive = cpio({5000, 6000});
  for (const std::size_t cut : {std::size_t{50}, std::size_t{112}, std::size_t{3000}}) {
    CAPTURE(cut);
    CHECK(files_of(std::string_view(archive).substr(0, cut)) == guessed(cut));
  }
  std::string digits = archive;
  digits[54] = 'x';
  CHECK(files_of(digits).evidence == SizeEvidence::guess);
  std::string huge = archive;
  huge.replace(54, 8, "ffffffff");
  CHECK(files_of(huge).evidence == SizeEvidence::guess);
}

TEST_CASE("the verdict adds up what the crash kernel needs") {
  constexpr std::uint64_t mib = 1 << 20;
  CrashCapacity capacity{.region_bytes = 256 * mib,
                         .loaded_bytes = 50 * mib,
                         .initrd_bytes = 12 * mib,
                         .files = {60 * mib, SizeEvidence::guess},
                         .working_bytes = 64 * mib};
  CHECK(capacity.needed_bytes() == 174 * mib);
  CHECK(capacity.enough());
  CHECK(to_text(capacity) ==
        "the crash region has 256 MiB; kernel 38 MiB + initrd 12 MiB + its files 60 MiB (estimated "
        "as four times what is compressed) + 64 MiB to work in = 174 MiB");
  capacity.region_bytes = 174 * mib;
  CHECK(capacity.enough());
  capacity.region_bytes = 173 * mib;
  CHECK_FALSE(capacity.enough());
  CHECK(to_text(capacity).ends_with("= 174 MiB, 1 MiB too much"));
  CHECK(crashkernel_remedy(capacity.needed_bytes()) ==
        "boot the first kernel with crashkernel=176M or more");

  const CrashCapacity bare{
      .region_bytes = 64 * mib, .loaded_bytes = 30 * mib, .working_bytes = mib};
  CHECK(to_text(bare) == "the crash region has 64 MiB; kernel 30 MiB + 1 MiB to work in = 31 MiB");
  const CrashCapacity absurd{.loaded_bytes = 5, .working_bytes = UINT64_MAX};
  CHECK(absurd.needed_bytes() == UINT64_MAX);
}

}  // namespace crash_capacity_test
