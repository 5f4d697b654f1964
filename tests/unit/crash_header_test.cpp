// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <gelf.h>
#include <rapidcheck.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "crash/core_header.hpp"
#include "crash/notes.hpp"
#include "fake_registry.hpp"
#include "map_machine.hpp"
#include "memory/discovery.hpp"

namespace crash_header_test {

using namespace kxf;       // NOLINT(google-build-using-namespace)
using namespace kxf_test;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::uint64_t window = 128;

bool in_any(const std::vector<Range>& ranges, std::uint64_t address) {
  return std::ranges::any_of(ranges, [&](const Range& each) { return each.contains(address); });
}

Range any_range(std::uint64_t base) {
  const auto edge = rc::gen::inRange<std::uint64_t>(0, window + 1);
  const auto [a, b] = *rc::gen::pair(edge, edge);
  return {base + std::min(a, b), base + std::max(a, b)};
}

std::vector<Range> any_ranges(std::uint64_t base) {
  std::vector<Range> ranges;
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) ranges.push_back(any_range(base));
  return ranges;
}

/// A machine's memory, and what an architecture says of its dump.
struct Sample {
  std::uint64_t base = 0;
  std::vector<Range> ram;
  std::vector<Range> crash;
  std::vector<Range> no_map;
  std::vector<Range> reserved;
  CrashLayout layout;

  [[nodiscard]] MemoryMap memory() const {
    std::vector<MemoryRange> all;
    const auto add = [&](const std::vector<Range>& ranges, MemoryKind kind) {
      for (const Range& range : ranges) {
        all.push_back({range, kind, "", "test"});
        all.back().running_ram = kind == MemoryKind::ram;
      }
    };
    add(ram, MemoryKind::ram);
    add(reserved, MemoryKind::reserved);
    add(no_map, MemoryKind::no_map);
    add(crash, MemoryKind::crash_kernel);
    return {std::move(all), {}};
  }
  /// What the header has to cover, byte by byte.
  [[nodiscard]] bool dumped(std::uint64_t address) const {
    if (in_any(layout.also_dumped, address)) return true;
    return in_any(ram, address) && !in_any(crash, address) && !in_any(no_map, address) &&
           !in_any(layout.not_dumped, address);
  }
};

Sample any_sample() {
  Sample sample;
  sample.base = *rc::gen::element<std::uint64_t>(0, 0x40000000, UINT64_MAX - window);
  sample.ram = any_ranges(sample.base);
  sample.crash = any_ranges(sample.base);
  sample.no_map = any_ranges(sample.base);
  sample.reserved = any_ranges(sample.base);
  sample.layout.elf_machine = *rc::gen::element<std::uint16_t>(21, 183);
  sample.layout.linear_map_offset = *rc::gen::arbitrary<std::uint64_t>();
  sample.layout.also_dumped = any_ranges(sample.base);
  sample.layout.not_dumped = any_ranges(sample.base);
  if (*rc::gen::arbitrary<bool>()) sample.layout.backup = any_range(sample.base);
  return sample;
}

CoreHeader header_of(std::vector<CoreLoad> loads, Endian endian) {
  return {.elf_machine = 183,
          .endian = endian,
          .notes = {Range::sized(0xbfbc1200, 424), Range::sized(0x40dc4000, 0x1024)},
          .kernel_text = {},
          .loads = std::move(loads)};
}

/// A core header by libelf.
class LibelfCore {
 public:
  explicit LibelfCore(const ByteVector& bytes) : bytes_(bytes) {
    elf_version(EV_CURRENT);
    elf_.reset(elf_memory(reinterpret_cast<char*>(bytes_.data()), bytes_.size()));
    REQUIRE(elf_ != nullptr);
  }
  [[nodiscard]] GElf_Ehdr header() const {
    GElf_Ehdr header{};
    REQUIRE(gelf_getehdr(elf_.get(), &header) == &header);
    return header;
  }
  [[nodiscard]] std::vector<GElf_Phdr> entries() const {
    std::size_t count = 0;
    REQUIRE(elf_getphdrnum(elf_.get(), &count) == 0);
    std::vector<GElf_Phdr> entries(count);
    for (std::size_t i = 0; i < count; ++i)
      REQUIRE(gelf_getphdr(elf_.get(), static_cast<int>(i), &entries[i]) == &entries[i]);
    return entries;
  }

 private:
  struct End {
    void operator()(Elf* elf) const { elf_end(elf); }
  };
  ByteVector bytes_;
  std::unique_ptr<Elf, End> elf_;
};

ByteVector written(const CoreHeader& header) {
  auto bytes = write_core_header(header);
  REQUIRE_MESSAGE(bytes, (bytes ? "" : bytes.error().message));
  return std::move(*bytes);
}

std::string damage(const ByteVector& bytes) {
  const auto header = read_core_header(bytes);
  REQUIRE_FALSE(header);
  CHECK_FALSE(header.error().remedy.empty());
  CHECK(header.error().message.starts_with("this is no core header: "));
  return header.error().message;
}

}  // namespace

TEST_CASE("loads cover each byte of RAM outside of crash regions once, and nothing else") {
  CHECK(rc::check([] {
    const Sample sample = any_sample();
    const Range segment = Range::sized(0x7000'0000, window);
    const auto loads = core_loads(dumped_memory(sample.memory(), sample.layout), sample.layout,
                                  sample.layout.backup ? std::optional(segment) : std::nullopt);
    std::uint64_t bytes = 0;
    std::uint64_t behind = 0;
    for (const CoreLoad& load : loads) {
      RC_ASSERT(!load.physical.empty());
      RC_ASSERT(behind <= load.physical.start);
      behind = load.physical.end;
      bytes += load.physical.size_bytes();
      RC_ASSERT(load.virtual_start - load.physical.start == sample.layout.linear_map_offset);
    }
    std::uint64_t expected = 0;
    for (std::uint64_t at = sample.base; at < sample.base + window; ++at) {
      const auto load = std::ranges::find_if(
          loads, [&](const CoreLoad& each) { return each.physical.contains(at); });
      RC_ASSERT((load != loads.end()) == sample.dumped(at));
      if (load == loads.end()) continue;
      ++expected;
      const std::uint64_t stored_at = load->stored_at + (at - load->physical.start);
      const bool moved = sample.layout.backup && sample.layout.backup->contains(at);
      RC_ASSERT(stored_at == (moved ? segment.start + (at - sample.layout.backup->start) : at));
    }
    RC_ASSERT(bytes == expected);
  }));
}

TEST_CASE("the number of loads does not depend on where the backup's segment is") {
  const RangeSet dumped{{0, 0x40000000}};
  const CrashLayout layout{.backup = Range{0, 0x10000}};
  for (const std::uint64_t place : {std::uint64_t{0}, std::uint64_t{0x20000000}})
    CHECK(
        core_loads(dumped, layout, Range::sized(place, 0x10000)) ==
        std::vector<CoreLoad>{{{0, 0x10000}, 0, place}, {{0x10000, 0x40000000}, 0x10000, 0x10000}});
}

TEST_CASE("a dump goes by the running kernel's own list of RAM") {
  MapMachine machine;
  machine.files["/proc/iomem"] =
      "40000000-7fffffff : System RAM\n"
      "  40200000-40ffffff : Kernel code\n"
      "  50000000-5fffffff : Crash kernel\n"
      "  60000000-600fffff : reserved\n"
      "80000000-800fffff : reserved\n"
      "100000000-13fffffff : Persistent Memory\n"
      "  100000000-10fffffff : dax0.0\n"
      "    100000000-10fffffff : System RAM (kmem)\n";
  Record record;
  const MemorySource* const sources[] = {&iomem_memory_source()};
  const auto memory = discover_memory(machine, sources, {}, record);
  REQUIRE(memory);
  // No segment may lie in a driver's memory, and yet the kernel has data there.
  CHECK_FALSE(memory->ram().contains({0x100000000, 0x110000000}));
  CHECK(dumped_memory(*memory, {}) ==
        RangeSet{{0x40000000, 0x50000000}, {0x60000000, 0x80000000}, {0x100000000, 0x110000000}});
}

TEST_CASE("where no source lists the running kernel's RAM the map's counts") {
  const MemoryMap memory({{{0x1000, 0x9000}, MemoryKind::ram, "", "dt"},
                          {{0x2000, 0x3000}, MemoryKind::reserved, "", "dt"},
                          {{0x4000, 0x5000}, MemoryKind::no_map, "", "dt"}},
                         {});
  CHECK(dumped_memory(memory, {}) == RangeSet{{0x1000, 0x4000}, {0x5000, 0x9000}});
}

TEST_CASE("a core header is read back as it was written") {
  CHECK(rc::check([] {
    const Sample sample = any_sample();
    CoreHeader header = header_of(core_loads(dumped_memory(sample.memory(), sample.layout),
                                             sample.layout, Range{0x100, 0x200}),
                                  *rc::gen::element(Endian::little, Endian::big));
    header.elf_machine = sample.layout.elf_machine;
    header.notes.resize(*rc::gen::inRange<std::size_t>(0, 3));
    if (!header.loads.empty() && *rc::gen::arbitrary<bool>())
      header.kernel_text = KernelMapping{
          header.loads[*rc::gen::inRange<std::size_t>(0, header.loads.size())].physical,
          *rc::gen::arbitrary<std::uint64_t>()};
    auto bytes = write_core_header(header);
    RC_ASSERT(bytes.has_value());
    RC_ASSERT(bytes->size() == core_header_size(header.notes.size(), header.kernel_text.has_value(),
                                                header.loads.size()));
    bytes->resize(bytes->size() + *rc::gen::inRange<std::size_t>(0, 200));  // room for growth
    const auto read = read_core_header(*bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == header);
  }));
}

TEST_CASE("libelf reads what was meant, in both byte orders") {
  for (const Endian endian : {Endian::little, Endian::big}) {
    CAPTURE(name_of(endian));
    CoreHeader header = header_of({{{0, 0x10000}, 0xc000000000000000, 0x20000000},
                                   {{0x10000, 0x40000000}, 0xc000000000010000, 0x10000}},
                                  endian);
    header.kernel_text = KernelMapping{{0x200000, 0xa40000}, 0xffffffe840400000};
    const LibelfCore core(written(header));

    const GElf_Ehdr file = core.header();
    CHECK(file.e_ident[EI_CLASS] == ELFCLASS64);
    CHECK(file.e_ident[EI_DATA] == (endian == Endian::big ? ELFDATA2MSB : ELFDATA2LSB));
    CHECK(file.e_ident[EI_VERSION] == EV_CURRENT);
    CHECK(file.e_type == ET_CORE);
    CHECK(file.e_machine == EM_AARCH64);
    CHECK(file.e_version == EV_CURRENT);
    CHECK(file.e_phoff == 64);
    CHECK(file.e_ehsize == 64);
    CHECK(file.e_phentsize == 56);
    CHECK(file.e_shnum == 0);

    struct Expected {
      std::uint32_t type;
      std::uint64_t physical, virtual_start, stored_at, size;
    };
    const std::vector<Expected> expected{
        {PT_NOTE, 0xbfbc1200, 0, 0xbfbc1200, 424},
        {PT_NOTE, 0x40dc4000, 0, 0x40dc4000, 0x1024},
        {PT_LOAD, 0x200000, 0xffffffe840400000, 0x200000, 0x840000},
        {PT_LOAD, 0, 0xc000000000000000, 0x20000000, 0x10000},
        {PT_LOAD, 0x10000, 0xc000000000010000, 0x10000, 0x3fff0000}};
    const std::vector<GElf_Phdr> entries = core.entries();
    REQUIRE(entries.size() == expected.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      CAPTURE(i);
      CHECK(entries[i].p_type == expected[i].type);
      CHECK(entries[i].p_paddr == expected[i].physical);
      CHECK(entries[i].p_vaddr == expected[i].virtual_start);
      CHECK(entries[i].p_offset == expected[i].stored_at);
      CHECK(entries[i].p_filesz == expected[i].size);
      CHECK(entries[i].p_memsz == expected[i].size);
      CHECK(entries[i].p_flags == (expected[i].type == PT_LOAD ? PF_R | PF_W | PF_X : 0));
    }
  }
}

TEST_CASE("a damaged core header is refused") {
  const ByteVector sound = written(header_of({{{0x1000, 0x2000}, 0, 0x1000}}, Endian::little));
  REQUIRE(read_core_header(sound));
  constexpr std::size_t load = sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr);
  const auto with = [&](std::size_t at, std::uint8_t byte) {
    ByteVector bytes = sound;
    bytes[at] = byte;
    return damage(bytes);
  };
  CHECK(contains(with(1, 'e'), "magic"));
  CHECK(contains(with(offsetof(Elf64_Ehdr, e_type), ET_DYN), "its type"));
  CHECK(contains(with(load + offsetof(Elf64_Phdr, p_type), PT_TLS), "entry 2 is of type 0x7"));
  CHECK(contains(with(load + offsetof(Elf64_Phdr, p_filesz), 1), "entry 2 has"));
  CHECK(contains(damage({}), "magic"));
  CHECK(contains(damage(ByteVector(sound.begin(), sound.end() - 1)), "ends at byte"));

  ByteVector wrapping = sound;
  for (std::size_t i = 0; i < 8; ++i) wrapping[load + offsetof(Elf64_Phdr, p_paddr) + i] = 0xff;
  CHECK(contains(damage(wrapping), "entry 2 wraps"));
  ByteVector empty = sound;
  for (const std::size_t field : {offsetof(Elf64_Phdr, p_filesz), offsetof(Elf64_Phdr, p_memsz)})
    std::fill_n(empty.begin() + static_cast<std::ptrdiff_t>(load + field), 8, std::uint8_t{0});
  CHECK(contains(damage(empty), "entry 2 is empty"));
}

namespace {

/// RAM in `count` pieces, as /proc/iomem shows it; the first has the crash region.
std::string pieces_of_ram(std::uint64_t count) {
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i) {
    text += fmt::format("{:08x}-{:08x} : System RAM\n", i * 0x20000, i * 0x20000 + 0xffff);
    if (i == 0) text += "  00008000-0000ffff : Crash kernel\n";
  }
  return text;
}

/// CPU numbers with holes.
void add_cpus(MapMachine& machine, unsigned count) {
  for (unsigned cpu = 0; cpu < count; ++cpu) {
    const std::string at = fmt::format("/sys/devices/system/cpu/cpu{}/crash_notes", 7 * cpu);
    machine.files[at] = fmt::format("{:x}\n", 0x1000000000 + 512 * cpu);
    machine.files[at + "_size"] = "424\n";
  }
  machine.files["/sys/kernel/vmcoreinfo"] = "0x0000000040dc4000 1024\n";
}

Result<ByteVector> header_for(const Machine& machine) {
  Record record;
  const MemorySource* const sources[] = {&iomem_memory_source()};
  KXF_TRY(memory, discover_memory(machine, sources, {}, record));
  KXF_TRY(notes, crash_notes(machine));
  CoreHeader header = header_of(core_loads(dumped_memory(memory, {}), {}, {}), Endian::little);
  header.notes.clear();
  for (const CpuNotes& each : notes.cpus) header.notes.push_back(each.where);
  header.notes.push_back(notes.vmcoreinfo);
  return write_core_header(header);
}

/// Of the processor, not of the clock on the wall; the best of some.
double seconds_for(std::uint64_t pieces, unsigned cpus) {
  MapMachine machine{"/proc/iomem", pieces_of_ram(pieces)};
  add_cpus(machine, cpus);
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    const auto bytes = header_for(machine);
    REQUIRE(bytes);
    REQUIRE(bytes->size() == core_header_size(cpus + 1, false, pieces));
    const auto header = read_core_header(*bytes);
    REQUIRE(header);
    best = std::min(best, double(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

}  // namespace

TEST_CASE("as many entries as ELF counts, and a refusal beyond") {
  CoreHeader header = header_of({}, Endian::big);
  for (std::uint64_t i = 0; i < most_core_entries - 2; ++i)
    header.loads.push_back({Range::sized(i * 0x2000, 0x1000), 0, i * 0x2000});
  CHECK(LibelfCore(written(header)).entries().size() == 65534);
  CHECK(read_core_header(written(header)) == header);

  header.kernel_text = KernelMapping{{0, 0x1000}, 0};
  const auto refused = write_core_header(header);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "the dump needs 65535 entries in its core header, 2 for notes and 65533 for memory, and "
        "Linux reads 65534 at most");
  CHECK_FALSE(refused.error().remedy.empty());
}

TEST_CASE("65536 pieces of RAM are refused, 61000 with 4096 CPUs fit") {
  MapMachine machine{"/proc/iomem", pieces_of_ram(65536)};
  add_cpus(machine, 4096);
  const auto refused = header_for(machine);
  REQUIRE_FALSE(refused);
  CHECK(contains(refused.error().message, "needs 69633 entries"));
  machine.files["/proc/iomem"] = pieces_of_ram(61000);
  CHECK(header_for(machine));
}

TEST_CASE("the time for a core header grows no faster than n log n") {
  // 8 times as much takes 10 times as long by n log n, and 64 times by n squared.
  const double few = seconds_for(7'600, 512);
  const double many = seconds_for(8 * 7'600, 4096);
  CAPTURE(few);
  CAPTURE(many);
  CHECK(many < 30 * few);
}

}  // namespace crash_header_test
