// SPDX-License-Identifier: Apache-2.0
//
// arm64-writer DIR WORD...: writes DIR/purgatory.bin, the arm64 purgatory as the plugin makes it,
// for QEMU's machine `virt`: PL011 at 0x9000000, and from the base of RAM on "kernel"
// (DIR/kernel.bin) at +0x200000, "initrd" (DIR/initrd.bin) at +0x8000000, the purgatory at
// +0xa000000, a tree at +0xf000000. The words, in any order:
//
//   base=ADDRESS   of RAM; else 0x40000000
//   pages=4K       of the tables: 4K, 16K or 64K; else the MMU stays off
//   off            purgatory.mmu is "off"
//   none           nothing is verified
//   nocache        the instruction cache is left off
//   portable       SHA-256 without the CPU's instructions for it
//   bad=N          one bit of the digest of segment N is wrong
//   breadcrumb=ADDRESS  of the record that it leaves
//   places         prints also where entries of the tables and parameters are
//   bundle         DIR/bundle.bin instead: "kernel" and "initrd" are in it, a second purgatory is
//   for
//                  +0xc000000, and the plan knows of 256 MiB of RAM
//   staging=OFFSET  from the base, of the bundle; else 0xe000000
//   corrupt        a bit of the bundle's last byte is flipped
//
// and what happens to the tables between the plan and the purgatory:
//
//   console-entry  the page of the console is gone
//   unmapped       the initrd's first entry is gone, and the plan says so
//   console-unmapped  the console's entry is gone, and the plan says so
#include <fmt/format.h>

#include <vector>

#include "arm64/arm64.hpp"
#include "arm64/page_tables.hpp"
#include "arm64/purgatory/params.h"
#include "purgatory/blob.hpp"
#include "writer.hpp"

namespace {

using kxf_test::number_of;
using kxf_test::value_of;
using kxf_test::Words;

constexpr std::uint64_t console_at = 0x9000000;
constexpr std::uint64_t accessed = 1U << 10U;  // in leaves only

/// A purgatory whose tables can be damaged.
class Tables {
 public:
  Tables(kxf::PurgatoryImage& image, std::uint64_t own) : image_(image) {
    const kxf::Bytes bytes(image.bytes);
    params_ = *bytes.read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET +
                                         offsetof(kxf_blob_header, params_offset)) +
              offsetof(kxf_params, mmu);
    const auto tables = *bytes.read<std::uint64_t>(params_ + offsetof(kxf_mmu, tables));
    if (tables != 0) start_ = tables - own;
  }

  void put(std::size_t field, std::uint64_t value) { store(image_.bytes, params_ + field, value); }

  /// The entry that maps `address` to itself is gone. `told`: and the plan says so.
  void remove(std::uint64_t address, bool told) {
    for (std::size_t at = start_; at < image_.bytes.size(); at += 8) {
      const std::uint64_t entry = *kxf::Bytes(image_.bytes).read<std::uint64_t>(at);
      if ((entry & 0xffffffff0000) != address || (entry & accessed) == 0) continue;
      store(image_.bytes, at, 0);
      if (told)
        put(offsetof(kxf_mmu, tables_sum),
            kxf::arm64::sum_of(kxf::ByteView(image_.bytes).subspan(start_)));
      return;
    }
    fmt::print(stderr, "writer: no entry for {}\n", kxf::hex(address));
    std::exit(1);
  }

 private:
  static void store(kxf::ByteVector& bytes, std::size_t at, std::uint64_t value) {
    kxf::store(std::span(bytes), at, value, kxf::Endian::little);
  }

  kxf::PurgatoryImage& image_;
  std::size_t params_ = 0;
  std::size_t start_ = 0;
};

void damage(const Words& words, std::uint64_t initrd_at, Tables& tables) {
  const auto has = [&](std::string_view word) { return words.contains(word); };
  if (has("console-entry")) tables.remove(console_at, false);
  if (has("unmapped")) tables.remove(initrd_at, true);
  if (has("console-unmapped")) {
    tables.remove(console_at, true);
    tables.put(offsetof(kxf_mmu, own) + 2 * sizeof(kxf_mapping) + offsetof(kxf_mapping, end), 0);
  }
}

/// Where things are in memory that a test may want to damage, a line each: "place NAME ADDRESS".
void print_places(const kxf::PurgatoryImage& image, std::uint64_t own,
                  const kxf::PurgatoryQuestion& question) {
  const kxf::Bytes bytes(image.bytes);
  const std::uint64_t params =
      own +
      *bytes.read<std::uint32_t>(KXF_BLOB_HEADER_OFFSET + offsetof(kxf_blob_header, params_offset));
  const auto print = [](std::string_view name, std::uint64_t address) {
    fmt::print("place {} {}\n", name, kxf::hex(address));
  };
  print("console-base", params + offsetof(kxf_params, console.phys_base));
  print("breadcrumb-start", params + offsetof(kxf_params, console.breadcrumb));
  print("tables", params + offsetof(kxf_params, mmu.tables));
  print("sum", params + offsetof(kxf_params, mmu.tables_sum));
  print("ttbr0", params + offsetof(kxf_params, mmu.ttbr0));
  print("moves", params + offsetof(kxf_params, relocation.count));
  print("granule-bits", params + offsetof(kxf_params, mmu.granule_bits));
  print("output-bits", params + offsetof(kxf_params, mmu.output_bits));
  const auto tables = *bytes.read<std::uint64_t>(params - own + offsetof(kxf_params, mmu.tables));
  if (tables == 0) return;
  const std::vector<std::pair<std::string_view, std::uint64_t>> leaves{
      {"code", own},
      {"data", own + KXF_DATA_OFFSET},
      {"console", question.sink->phys_base},
      {"breadcrumb", question.breadcrumb ? question.breadcrumb->range.start : 0},
      {"kernel", question.digests[0].range.start},
      {"initrd", question.digests[1].range.start}};
  bool root = false;
  bool unused = false;
  for (std::uint64_t at = tables - own; at < image.bytes.size(); at += 8) {
    const std::uint64_t entry = *bytes.read<std::uint64_t>(at);
    if (entry != 0 && !root) print("root-entry", own + at);
    if (entry == 0 && root && !unused) print("unused-entry", own + at);
    root = root || entry != 0;
    unused = unused || (entry == 0 && root);
    for (const auto& [name, address] : leaves)
      if ((entry & accessed) != 0 && (entry & 0xfffffffff000) == address && address != 0)
        print(fmt::format("{}-entry", name), own + at);
  }
}

constexpr std::uint64_t kernel_offset = 0x200000;
constexpr std::uint64_t initrd_offset = 0x8000000;
constexpr std::uint64_t places[] = {0xa000000, 0xc000000};

}  // namespace

using kxf_test::entry_of;
using kxf_test::read_file;

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: arm64-writer DIR WORD...\n");
    return 2;
  }
  const std::filesystem::path dir = argv[1];
  const Words words(argv + 2, argv + argc);
  const auto has = [&](std::string_view word) { return words.contains(word); };
  const std::uint64_t base = number_of(words, "base", 0x40000000);
  const std::uint64_t kernel_at = base + kernel_offset;
  const std::uint64_t initrd_at = base + initrd_offset;
  const std::uint64_t purgatory_at = base + places[0];

  // A PL011: wait until the transmit FIFO is not full, write the byte.
  const kxf::SinkProgram sink{
      console_at,
      0x1a,
      {{.op = kxf::SinkOp::poll, .width_bytes = 2, .offset = 0x18, .mask = 0x20, .count = 100'000},
       {.op = kxf::SinkOp::put, .width_bytes = 2}}};
  const kxf_test::TreeMachine machine;
  const kxf::KernelSpec kernel;
  const std::string pages = value_of(words, "pages");
  const kxf::Settings settings{
      {std::string(kxf::arm64::icache_setting), has("nocache") ? "off" : "on"},
      {std::string(kxf::arm64::granule_setting), pages.empty() ? "auto" : pages},
      {std::string(kxf::purgatory::sha256_setting.key), has("portable") ? "portable" : "auto"}};
  kxf::PurgatoryQuestion question{kernel, purgatory_at, kernel_at, base + 0xf000000,
                                  &sink,  {},           machine,   settings};
  question.may_use_mmu = !has("off") && !pages.empty();
  if (const std::uint64_t start = number_of(words, "breadcrumb", 0); start != 0)
    question.breadcrumb = {kxf::Range::sized(start, sizeof(kxf_breadcrumb))};
  std::vector<kxf_test::BundlePart> parts{
      {read_file(dir / "kernel.bin"), kxf::Range::sized(kernel_at, 0x30000)},
      {read_file(dir / "initrd.bin"), {}}};
  parts[1].destination = {initrd_at, *kxf::align_up(initrd_at + parts[1].bytes.size(), 0x10000)};
  if (!has("none")) {
    question.digests = {entry_of("kernel", kernel_at, parts[0].bytes),
                        entry_of("initrd", initrd_at, parts[1].bytes)};
    // With the zeros behind the bytes, which a running kernel would have made.
    if (has("bundle"))
      for (std::size_t i = 0; i < parts.size(); ++i) {
        kxf::ByteVector memory = parts[i].bytes;
        memory.resize(parts[i].destination.size_bytes());
        question.digests[i] =
            entry_of(question.digests[i].name.c_str(), parts[i].destination.start, memory);
      }
    const std::uint64_t bad = number_of(words, "bad", question.digests.size());
    if (bad < question.digests.size()) question.digests[bad].sha256[31] ^= 1;
  }
  kxf::PurgatoryImage image;
  const auto spoil = [&](kxf::PurgatoryImage& made, std::uint64_t own) {
    Tables tables(made, own);
    damage(words, initrd_at, tables);
    image = made;
  };
  if (has("bundle")) {
    kxf::ByteVector bundle = kxf_test::bundle_of(kxf::arm64::architecture(), question,
                                                 {parts,
                                                  {base + places[0], base + places[1]},
                                                  base + number_of(words, "staging", 0xe000000),
                                                  {kxf::Range::sized(base, 0x10000000)},
                                                  spoil});
    if (has("corrupt")) bundle.back() ^= 1;
    kxf_test::write_file(dir / "bundle.bin", bundle);
  } else {
    kxf::PurgatoryImage made = kxf_test::purgatory_of(kxf::arm64::architecture(), question);
    spoil(made, purgatory_at);
    kxf_test::write_file(dir / "purgatory.bin", kxf_test::memory_of(image));
    if (has("places")) print_places(image, purgatory_at, question);
  }
  for (const kxf::Decision& decision : image.decisions)
    fmt::print("{}: {} ({})\n", decision.topic, decision.choice, decision.reason);
  fmt::print("purgatory: {} bytes, {} in memory\n", image.bytes.size(), image.memory_size);
  return 0;
}
