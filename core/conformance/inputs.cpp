// SPDX-License-Identifier: Apache-2.0
#include "conformance/inputs.hpp"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <random>
#include <set>

namespace kxf::conformance {
namespace {

constexpr std::size_t largest_mutated_bytes = 1U << 20U;
constexpr std::size_t known_size_bytes = 128;

/// The same on every machine and in every run: the standard fixes what this engine gives, unlike
/// the distributions.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) : engine_(seed) {}
  std::size_t below(std::size_t end) { return end == 0 ? 0 : engine_() % end; }
  ByteVector bytes(std::size_t size) {
    ByteVector all(size);
    for (std::uint8_t& byte : all) byte = static_cast<std::uint8_t>(engine_());
    return all;
  }

 private:
  std::mt19937_64 engine_;
};

ByteVector headed(std::string_view head, std::size_t size = known_size_bytes) {
  ByteVector bytes(std::max(size, head.size()));
  std::ranges::copy(bytes_of(head), bytes.begin());
  return bytes;
}

/// A 64-bit ELF executable without segments (System V gABI, chapter 4).
ByteVector elf() {
  ByteVector bytes =
      headed(std::string_view("\x7f"
                              "ELF\2\1\1",
                              7));
  store<std::uint16_t>(bytes, 16, 2, Endian::little);   // ET_EXEC
  store<std::uint32_t>(bytes, 20, 1, Endian::little);   // EV_CURRENT
  store<std::uint16_t>(bytes, 52, 64, Endian::little);  // e_ehsize
  return bytes;
}

/// A PE file without sections (PE format, "COFF File Header").
ByteVector pe() {
  ByteVector bytes = headed("MZ", 256);
  store<std::uint32_t>(bytes, 0x3c, 0x80, Endian::little);
  std::ranges::copy(bytes_of("PE"), bytes.begin() + 0x80);
  return bytes;
}

void add_nobodys(std::vector<Input>& inputs) {
  inputs.push_back({"no bytes at all", {}});
  inputs.push_back({"one zero", ByteVector(1)});
  inputs.push_back({"64 zeros", ByteVector(64)});
  inputs.push_back({"4096 zeros", ByteVector(4096)});
  inputs.push_back({"4096 bytes 0xff", ByteVector(4096, 0xff)});
  inputs.push_back({"text", headed("# a line of text\nand another one\n", 33)});
  inputs.push_back({"a cpio archive", headed("070701000002d1000081a4", 110)});
  Numbers numbers(1);
  for (std::size_t size = 4; size <= 4096; size *= 4)
    inputs.push_back({fmt::format("{} random bytes", size), numbers.bytes(size)});
}

void add_cuts(const std::string& what, ByteView sample, std::vector<Input>& inputs) {
  std::set<std::size_t> sizes = {sample.size() - 1, sample.size() / 2, sample.size() * 3 / 4};
  for (std::size_t size = 1; size < sample.size() && size <= 65536; size *= 2) {
    sizes.insert(size);
    sizes.insert(size - 1);
  }
  for (std::size_t size = 8; size < std::min<std::size_t>(sample.size(), 96); size += 8)
    sizes.insert(size + 3);
  for (const std::size_t size : sizes)
    if (size < sample.size() && (sample.size() <= largest_mutated_bytes || size <= 65536))
      inputs.push_back({fmt::format("{}, cut to {} bytes", what, size),
                        ByteVector(sample.begin(), sample.begin() + static_cast<long>(size))});
}

void add_flips(const std::string& what, ByteView sample, std::vector<Input>& inputs) {
  const auto flip = [&](std::size_t at, unsigned bit) {
    ByteVector bytes(sample.begin(), sample.end());
    bytes[at] ^= static_cast<std::uint8_t>(1U << bit);
    inputs.push_back(
        {fmt::format("{}, bit {} of byte {} flipped", what, bit, at), std::move(bytes)});
  };
  Numbers numbers(2);
  const std::size_t head = std::min<std::size_t>(sample.size(), 96);
  for (std::size_t at = 0; at < head; ++at) flip(at, static_cast<unsigned>(numbers.below(8)));
  for (int i = 0; i < 32; ++i)
    flip(numbers.below(sample.size()), static_cast<unsigned>(numbers.below(8)));
}

/// The head stays, so that it is still recognised; fields and contents are random or extreme.
void add_random_tails(const std::string& what, ByteView sample, std::vector<Input>& inputs) {
  Numbers numbers(3);
  for (const std::size_t head : {4U, 8U, 12U, 16U, 24U, 32U, 48U, 64U}) {
    if (head >= sample.size()) return;
    ByteVector bytes = numbers.bytes(std::min<std::size_t>(sample.size(), 4096));
    std::copy_n(sample.begin(), std::min(head, bytes.size()), bytes.begin());
    inputs.push_back({fmt::format("{}, random from byte {}", what, head), bytes});
    std::fill(bytes.begin() + static_cast<long>(std::min(head, bytes.size())), bytes.end(), 0xff);
    inputs.push_back({fmt::format("{}, 0xff from byte {}", what, head), std::move(bytes)});
  }
}

}  // namespace

ByteVector bare_tree() {
  // Header, no reservations, FDT_BEGIN_NODE with an empty name, FDT_END_NODE, FDT_END, no strings.
  constexpr std::array<std::uint32_t, 18> cells = {0xd00dfeed, 72, 56, 72, 40, 17, 16, 0, 0,
                                                   16,         0,  0,  0,  0,  1,  0,  2, 9};
  ByteVector blob(4 * cells.size());
  for (std::size_t i = 0; i < cells.size(); ++i)
    store<std::uint32_t>(blob, 4 * i, cells[i], Endian::big);
  return blob;
}

std::vector<KnownSample> known_samples() {
  using namespace std::string_view_literals;
  return {
      {"gzip", headed("\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"sv, 20)},
      {"bzip2", headed("BZh91AY&SY"sv)},
      {"xz", headed("\xfd"
                    "7zXZ\0\0\4"sv)},
      {"lzma", headed("\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0"sv)},
      {"zstd", headed("\x28\xb5\x2f\xfd\x04\x58"sv)},
      {"lz4", headed("\x04\x22\x4d\x18\x64\x40\xa7"sv)},
      {"lz4", headed("\x02\x21\x4c\x18\x08\0\0\0"sv)},
      {"lzo", headed("\x89LZO\0\r\n\x1a\n\x10\x30\x20\x60\x09\x40"sv)},
      {"elf", elf()},
      {"pe", pe()},
      {"fdt", bare_tree()},
      {"uimage", headed("\x27\x05\x19\x56"sv)},
      {"tar", headed("file"sv, 512)},
  };
}

std::vector<Input> nobodys() {
  std::vector<Input> inputs;
  add_nobodys(inputs);
  return inputs;
}

std::vector<Input> hostile(std::span<const NamedBytes> samples) {
  std::vector<Input> inputs = nobodys();
  for (KnownSample& known : known_samples()) {
    const std::string what = fmt::format("the head of a file of {}", known.family);
    add_random_tails(what, known.bytes, inputs);
    inputs.push_back({what, std::move(known.bytes)});
  }
  for (const NamedBytes& sample : samples) {
    const std::string what = "sample " + sample.name;
    const ByteView bytes = sample.bytes;
    inputs.push_back({what, ByteVector(bytes.begin(), bytes.end())});
    if (bytes.empty()) continue;
    add_cuts(what, bytes, inputs);
    add_random_tails(what, bytes, inputs);
    if (bytes.size() <= largest_mutated_bytes) add_flips(what, bytes, inputs);
  }
  return inputs;
}

GuardedBytes::GuardedBytes(ByteView bytes, bool writable) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t room = (bytes.size() + page - 1) / page * page;
  mapped_bytes_ = room + page;
  void* const mapped =
      mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return;
  base_ = mapped;
  auto* const first = static_cast<std::uint8_t*>(mapped);
  std::uint8_t* const start = first + (room - bytes.size());
  if (!bytes.empty()) std::memcpy(start, bytes.data(), bytes.size());
  view_ = {start, bytes.size()};
  if (!writable && room != 0) (void)mprotect(first, room, PROT_READ);
  (void)mprotect(first + room, page, PROT_NONE);
}

GuardedBytes::~GuardedBytes() {
  if (base_ != nullptr) munmap(base_, mapped_bytes_);
}

}  // namespace kxf::conformance
