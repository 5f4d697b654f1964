// SPDX-License-Identifier: Apache-2.0
//
// What a purgatory leaves in memory that outlives a reset: the kit's code, compiled for the machine
// that runs the tests, and what reads it after the next boot. That purgatories write it at each
// phase and fault is proven in an emulator (tests/purgatory/arm64-faults.sh).
#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "breadcrumb/device_memory.hpp"
#include "breadcrumb/record.hpp"
#include "fake_scene.hpp"
#include "plan/breadcrumb.hpp"
#include "plan/seal.hpp"
#include "purgatory/breadcrumb.h"
#include "purgatory/text.h"

// A cache is nothing that these tests have.
extern "C" void kxf_to_memory(std::uint64_t /*phys_address*/, std::uint64_t /*size_bytes*/) {}

namespace breadcrumb_test {
namespace {

using kxf::PurgatoryPhase;

/// Memory that a purgatory writes.
class Memory {
 public:
  explicit Memory(kxf::Breadcrumb::Form form = kxf::Breadcrumb::Form::record,
                  std::size_t size_bytes = sizeof(kxf_breadcrumb))
      : words_(size_bytes / 8, 0xa5a5a5a5a5a5a5a5) {
    console.breadcrumb = {reinterpret_cast<std::uint64_t>(words_.data()),
                          static_cast<std::uint32_t>(size_bytes), static_cast<std::uint32_t>(form)};
  }
  [[nodiscard]] kxf::ByteVector bytes() const {
    kxf::ByteVector copy(words_.size() * 8);
    std::memcpy(copy.data(), words_.data(), copy.size());
    return copy;
  }
  void damage(std::size_t word, std::uint64_t flipped) { words_[word] ^= flipped; }
  [[nodiscard]] kxf::PurgatoryRecord record() const {
    const auto read = kxf::read_purgatory_record(bytes());
    REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
    return *read;
  }
  [[nodiscard]] std::string words() const { return in_words(record()); }

  kxf_console console{};

 private:
  std::vector<std::uint64_t> words_;
};

std::string refusal_of(kxf::ByteView bytes) {
  const auto read = kxf::read_purgatory_record(bytes);
  REQUIRE_FALSE(read.has_value());
  CHECK_FALSE(read.error().remedy.empty());
  return read.error().message;
}

/// The same record as a CPU of the other byte order would leave it.
kxf::ByteVector big_endian(const kxf::ByteVector& little) {
  kxf::ByteVector big = little;
  const kxf::Bytes from(little);
  const auto turn = [&]<class T>(std::size_t at, T) {
    kxf::store(std::span(big), at, *from.read<T>(at), kxf::Endian::big);
  };
  turn(0, std::uint64_t{});
  for (std::size_t at = 8; at < offsetof(kxf_breadcrumb, name); at += 4) turn(at, std::uint32_t{});
  for (std::size_t i = 0; i < KXF_BREADCRUMB_REGISTERS; ++i)
    turn(offsetof(kxf_breadcrumb, registers) + 16 * i + 8, std::uint64_t{});
  std::uint64_t sum = KXF_SUM_START;
  for (std::size_t at = 0; at < offsetof(kxf_breadcrumb, sum); at += 8)
    sum = (sum ^ *kxf::Bytes(big, kxf::Endian::big).read<std::uint64_t>(at)) * KXF_SUM_PRIME;
  kxf::store(std::span(big), offsetof(kxf_breadcrumb, sum), sum, kxf::Endian::big);
  return big;
}

constexpr std::array<kxf_breadcrumb_register, 2> registers{
    {{"ESR", 0x96000006}, {"ELR", 0x4a0007a8}}};

}  // namespace

TEST_CASE("breadcrumb: every phase in words") {
  Memory memory;
  kxf_breadcrumb_start(&memory.console);
  CHECK(memory.words() == "the purgatory had started");
  kxf_breadcrumb_phase(&memory.console, KXF_PHASE_MMU);
  CHECK(memory.words() == "the purgatory was turning the MMU on");
  kxf_breadcrumb_phase(&memory.console, KXF_PHASE_RELOCATING);
  CHECK(memory.words() == "the purgatory was bringing the segments to their places");
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_VERIFYING, 1, 3, "initrd");
  CHECK(memory.words() == "the purgatory was verifying segment 1 (initrd) of 3");
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_VERIFYING, 3, 3, "");
  CHECK(memory.words() == "the purgatory was verifying all 3 segments at once");
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_MISMATCH, 1, 3, "initrd");
  CHECK(memory.words() ==
        "the purgatory verified segment 1 (initrd) of 3 and did not find its SHA-256");
  kxf_breadcrumb_stop(&memory.console, "the page tables are damaged");
  CHECK(memory.words() == "the purgatory stopped: the page tables are damaged");
  kxf_breadcrumb_phase(&memory.console, KXF_PHASE_VERIFIED);
  CHECK(memory.words() == "the purgatory had verified all segments");
  kxf_breadcrumb_phase(&memory.console, KXF_PHASE_ENTERING);
  CHECK(memory.words() == "the purgatory entered the kernel");
  CHECK(name_of(memory.record().phase) == "entering");
}

TEST_CASE("breadcrumb: an exception leaves the phase that it ended, and the next jump clears it") {
  Memory memory;
  kxf_breadcrumb_start(&memory.console);
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_VERIFYING, 1, 2, "initrd");
  kxf_breadcrumb_exception(&memory.console, "vector 4 (synchronous) at EL1", registers.data(),
                           registers.size());
  CHECK(memory.words() ==
        "the purgatory was verifying segment 1 (initrd) of 2 and took an exception, vector 4 "
        "(synchronous) at EL1: ESR 0x96000006, ELR 0x4a0007a8");
  kxf_breadcrumb_start(&memory.console);
  CHECK(memory.words() == "the purgatory had started");
  CHECK(memory.record().registers.empty());
  CHECK(memory.record().jumps == 2);
}

TEST_CASE("breadcrumb: text that is too long is cut, and always ends") {
  Memory memory;
  const std::string lengthy(100, 'n');
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_VERIFYING, 0, 1, lengthy.c_str());
  kxf_breadcrumb_exception(&memory.console, lengthy.c_str(), registers.data(), 1);
  CHECK(memory.record().name == std::string(KXF_NAME_SIZE - 1, 'n'));
  CHECK(memory.record().exception == std::string(KXF_NAME_SIZE - 1, 'n'));
}

TEST_CASE("breadcrumb: without a place nothing is written") {
  Memory memory;
  const kxf::ByteVector before = memory.bytes();
  memory.console.breadcrumb.size_bytes = 0;
  kxf_breadcrumb_start(&memory.console);
  kxf_breadcrumb_exception(&memory.console, "any", registers.data(), registers.size());
  kxf_put_text(&memory.console, "text");
  CHECK_FALSE(kxf_breadcrumb_has(&memory.console, memory.console.breadcrumb.start));
  CHECK(memory.bytes() == before);
}

TEST_CASE("breadcrumb: what is damaged is not believed, and the next purgatory begins anew") {
  Memory memory;
  kxf_breadcrumb_start(&memory.console);
  kxf_breadcrumb_start(&memory.console);
  REQUIRE(memory.record().jumps == 2);
  for (std::size_t bit = 0; bit < 8 * sizeof(kxf_breadcrumb); ++bit) {
    memory.damage(bit / 64, std::uint64_t{1} << bit % 64);
    CHECK_FALSE(kxf::read_purgatory_record(memory.bytes()).has_value());
    memory.damage(bit / 64, std::uint64_t{1} << bit % 64);
  }
  memory.damage(5, 1);
  kxf_breadcrumb_start(&memory.console);
  CHECK(memory.record().jumps == 1);
}

TEST_CASE("breadcrumb: why a record cannot be read") {
  Memory memory;
  CHECK(refusal_of(memory.bytes()) == "no breadcrumb (magic 0xa5a5a5a5a5a5a5a5)");
  CHECK(refusal_of(kxf::ByteVector(168)) == "no breadcrumb (magic 0x0)");
  CHECK(refusal_of({}) == "0 bytes where a breadcrumb has 168");
  kxf_breadcrumb_start(&memory.console);
  kxf::ByteVector bytes = memory.bytes();
  CHECK(refusal_of(kxf::ByteView(bytes).first(167)) == "167 bytes where a breadcrumb has 168");
  bytes[8] = 2;
  CHECK(refusal_of(bytes) ==
        "a breadcrumb of version 2 and 168 bytes: this kxf reads version 1 and 168 bytes");
  memory.damage(3, 4);
  CHECK(refusal_of(memory.bytes()).find("the machine was reset while it was written") !=
        std::string::npos);
  kxf_breadcrumb_start(&memory.console);
  kxf_breadcrumb_phase(&memory.console, 99);
  CHECK(refusal_of(memory.bytes()) == "a breadcrumb of the unknown phase 99");
}

TEST_CASE("breadcrumb: a record of the other byte order, and text that is not printable") {
  Memory memory;
  kxf_breadcrumb_start(&memory.console);
  kxf_breadcrumb_segment(&memory.console, KXF_PHASE_MISMATCH, 2, 3, "a\033[2Jb");
  kxf_breadcrumb_exception(&memory.console, "data storage", registers.data(), registers.size());
  const auto read = kxf::read_purgatory_record(big_endian(memory.bytes()));
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  CHECK(in_words(*read) == memory.words());
  CHECK(read->name == "a?[2Jb");
}

TEST_CASE("breadcrumb: whose fault it is when memory cannot be read") {
  const auto odd = kxf::read_device_memory({4, 12});
  REQUIRE_FALSE(odd.has_value());
  CHECK(odd.error().fault == kxf::Fault::internal);
}

// ---- ramoops ----

namespace {

constexpr std::uint32_t signature = 0x43474244;

/// The zone as Linux's persistent_ram reads it: three words and a ring.
struct Zone {
  std::uint32_t signature = 0;
  std::uint32_t start = 0;
  std::uint32_t size = 0;
  std::string text{};  ///< oldest byte first

  explicit Zone(const kxf::ByteVector& bytes) {
    const kxf::Bytes zone(bytes);
    signature = *zone.read<std::uint32_t>(0);
    start = *zone.read<std::uint32_t>(4);
    size = *zone.read<std::uint32_t>(8);
    const std::string_view ring = kxf::text_of(bytes).substr(12);
    REQUIRE(size <= ring.size());
    REQUIRE(start <= size);
    text = std::string(ring.substr(start, size - start)) + std::string(ring.substr(0, start));
  }
};

Memory empty_zone(std::size_t size_bytes = 256) {
  return Memory(kxf::Breadcrumb::Form::ramoops, size_bytes);
}

}  // namespace

TEST_CASE("ramoops: the purgatory's text, in a zone that had none") {
  Memory memory = empty_zone();
  kxf_put_text(&memory.console, "kxf: purgatory, ");
  kxf_put_number(&memory.console, 123);
  kxf_put_hex(&memory.console, 0xabc);
  const Zone zone(memory.bytes());
  CHECK(zone.signature == signature);
  CHECK(zone.text == "kxf: purgatory, 1230xabc");
  CHECK(zone.start == zone.size);
}

TEST_CASE("ramoops: behind what the old kernel wrote, and round the ring") {
  Memory memory = empty_zone();
  const std::string old(240, 'o');
  kxf_put_text(&memory.console, old.c_str());
  CHECK(Zone(memory.bytes()).text == old);
  kxf_put_text(&memory.console, "1234");
  CHECK(Zone(memory.bytes()).text == old + "1234");
  CHECK(Zone(memory.bytes()).start == 0);  // the ring is full: 256 - 12 bytes
  kxf_put_text(&memory.console, "end");
  CHECK(Zone(memory.bytes()).text == old.substr(3) + "1234end");
  CHECK(Zone(memory.bytes()).start == 3);
}

TEST_CASE("ramoops: a header that Linux would not believe begins anew") {
  Memory memory = empty_zone();
  kxf_put_text(&memory.console, "old");
  SUBCASE("another signature") { memory.damage(0, 1); }
  SUBCASE("more than fits") { memory.damage(1, 0x10000); }
  SUBCASE("a start behind the end") { memory.damage(0, std::uint64_t{4} << 32U); }
  kxf_put_text(&memory.console, "new");
  CHECK(Zone(memory.bytes()).text == "new");
}

TEST_CASE("ramoops: the last purgatory's lines in a log") {
  CHECK(kxf::purgatory_lines("").empty());
  CHECK(kxf::purgatory_lines("[    0.000000] Linux\nBye!\n").empty());
  const std::string log =
      "kxf: purgatory, EL1\r\nkxf: entering the kernel\r\n[ 0.0] Linux\n\r\nkxf: purgatory, EL2\r\n"
      "kxf: verifying 2 segments ... failed\r\nkxf: segment 1 (initrd): \033[0m no";
  CHECK(kxf::purgatory_lines(log) ==
        std::vector<std::string>{"kxf: purgatory, EL2", "kxf: verifying 2 segments ... failed",
                                 "kxf: segment 1 (initrd): ?[0m no"});
}

// ---- where it may be ----

namespace {

/// A board of 1 GiB with 64 KiB at its end that no kernel uses, a UART and SRAM.
struct Board : kxf_test::FakeScene {
  Board() {
    machine.files["/proc/iomem"] = "40000000-7ffeffff : System RAM\n7fff0000-7fffffff : reserved\n";
    tree.cells("/memory@40000000", "reg", {0x40000000, 0x40000000});
    tree.text("/memory@40000000", "device_type", "memory");
    tree.cells("/reserved-memory", "#address-cells", {1})
        .cells("/reserved-memory", "#size-cells", {1})
        .flag("/reserved-memory", "ranges")
        .cells("/reserved-memory/crumb@7fff0000", "reg", {0x7fff0000, 0x10000})
        .flag("/reserved-memory/crumb@7fff0000", "no-map");
    tree.cells("/sram@1000000", "reg", {0x1000000, 0x10000});
  }
  void at(std::string place) { policy.purgatory_breadcrumb = {std::move(place), "board.toml:9:1"}; }
  std::string refused_at(std::string place) {
    at(std::move(place));
    return refusal();
  }
};

}  // namespace

TEST_CASE("a breadcrumb in memory that no kernel uses is the purgatory's, and in the record") {
  Board board;
  SUBCASE("none") {
    const auto planned = board.planned();
    CHECK_FALSE(planned.breadcrumb);
    CHECK(kxf_test::decided(planned.plan.parts().record, "breadcrumb").empty());
  }
  SUBCASE("reserved memory") {
    board.at("0x7fff0000");
    const auto planned = board.planned();
    CHECK(planned.breadcrumb ==
          kxf::Breadcrumb{{0x7fff0000, 0x7fff00a8}, kxf::Breadcrumb::Form::record});
    CHECK(kxf_test::decided(planned.plan.parts().record, "breadcrumb") ==
          "a record at 0x7fff0000-0x7fff00a7 (board.toml:9:1)");
    CHECK(kxf::text_of(planned.plan.segment("purgatory")->bytes.view())
              .find("breadcrumb 0x7fff0000-0x7fff00a7") != std::string_view::npos);
    const auto sealed = kxf::seal(planned, board.machine, kxf::Seeds::zeros);
    REQUIRE(sealed);
    CHECK(kxf::text_of(sealed->segments.back().bytes.view())
              .find("breadcrumb 0x7fff0000-0x7fff00a7") != std::string_view::npos);
  }
  SUBCASE("SRAM") {
    board.at("0x1000008");
    CHECK(board.planned().breadcrumb->range.start == 0x1000008);
  }
}

TEST_CASE("a breadcrumb that the architecture's purgatory would not leave is refused") {
  Board board;
  board.at("0x7fff0000");
  kxf::Record record;
  const auto chosen = kxf::choose_breadcrumb(board.policy, kxf::ArchitectureTraits{},
                                             kxf::MemoryMap{}, board.tree.done(), record);
  REQUIRE_FALSE(chosen);
  CHECK(chosen.error().message ==
        "board.toml:9:1 asks for a breadcrumb, and this architecture's purgatory leaves none");
  CHECK(record.decisions().empty());
}

TEST_CASE("a breadcrumb where it would be lost, or would damage something, is refused") {
  Board board;
  // It begins in the SRAM and ends behind it.
  CHECK(board.refused_at("0x100ffc0").find("neither reserved memory nor a device") !=
        std::string::npos);
  CHECK(board.refused_at("0x50000000") ==
        "board.toml:9:1 puts the breadcrumb at 0x50000000-0x500000a7, which is RAM that kernels "
        "use");
  CHECK(board.refused_at("0x7ffeffc0").find("which is RAM that kernels use") != std::string::npos);
  CHECK(board.refused_at("0x2000000") ==
        "board.toml:9:1 puts the breadcrumb at 0x2000000-0x20000a7, where the device tree has "
        "neither reserved memory nor a device");
  CHECK(board.refused_at("0x7fff0004") ==
        "board.toml:9:1 puts the breadcrumb at 0x7fff0004, which is no multiple of 8 with 168 "
        "bytes behind it");
  CHECK(board.refused_at("0xfffffffffffffff8").find("no multiple of 8") != std::string::npos);
  SUBCASE("reserved, but mapped by the running kernel") {
    board.machine.files["/proc/iomem"] = "40000000-7fffffff : System RAM\n";
    CHECK(board.refused_at("0x7fff0000") ==
          "board.toml:9:1 puts the breadcrumb at 0x7fff0000-0x7fff00a7, which is RAM to the "
          "running kernel (iomem: System RAM)");
  }
  SUBCASE("reserved by the profile alone: the running kernel uses it") {
    board.policy.memory_reserve = {{{{0x60000000, 0x60010000}, "log"}}, "board.toml:5:1"};
    CHECK(board.refused_at("0x60000000").find("which is RAM that kernels use") !=
          std::string::npos);
  }
}

TEST_CASE("a breadcrumb needs a purgatory of ours, and so kexec_load") {
  Board board;
  board.machine.own_facts.kexec_file_load = kxf::Support::present;
  SUBCASE("which is chosen") {
    board.at("0x7fff0000");
    const auto planned = board.planned();
    CHECK(planned.breadcrumb);
    CHECK(planned.plan.parts().backend == kxf::Backend::kexec_load);
  }
  SUBCASE("or the load is refused") {
    board.policy.syscall = {kxf::SyscallChoice::kexec_file_load, "--syscall"};
    CHECK(board.refused_at("0x7fff0000").find("cannot honour a breadcrumb (board.toml:9:1)") !=
          std::string::npos);
  }
}

namespace {

/// The same with a ramoops of 64 KiB: dumps, then 16 KiB of console.
struct RamoopsBoard : Board {
  static constexpr const char* node = "/reserved-memory/ramoops@7fff0000";
  RamoopsBoard() {
    tree.text(node, "compatible", "ramoops").cells(node, "reg", {0x7fff0000, 0x10000});
    tree.cells(node, "record-size", {0x4000}).cells(node, "console-size", {0x4000});
    at("ramoops");
  }
};

}  // namespace

TEST_CASE("ramoops: the console's zone is behind the dumps, before what else there is") {
  RamoopsBoard board;
  const auto zone_of = [&] {
    const auto zone = kxf::ramoops_console(board.tree.done());
    REQUIRE_MESSAGE(zone.has_value(), (zone ? "" : zone.error().message));
    return *zone;
  };
  CHECK(zone_of() == kxf::Range{0x7fffc000, 0x80000000});
  board.tree.cells(board.node, "pmsg-size", {0x2000}).cells(board.node, "ftrace-size", {0x2000});
  CHECK(zone_of() == kxf::Range{0x7fff8000, 0x7fffc000});
  SUBCASE("sizes are rounded down to powers of two") {
    board.tree.cells(board.node, "pmsg-size", {0x2100});
    board.tree.cells(board.node, "console-size", {0x4fff});
    CHECK(zone_of() == kxf::Range{0x7fff8000, 0x7fffc000});
  }
  SUBCASE("without dumps it is the first") {
    board.tree.cells(board.node, "record-size", {0});
    CHECK(zone_of() == kxf::Range{0x7fff0000, 0x7fff4000});
  }
  SUBCASE("also in memory that the kernel maps") {
    board.machine.files["/proc/iomem"] = "40000000-7fffffff : System RAM\n";
    const auto planned = board.planned();
    CHECK(planned.breadcrumb ==
          kxf::Breadcrumb{{0x7fff8000, 0x7fffc000}, kxf::Breadcrumb::Form::ramoops});
  }
}

TEST_CASE("ramoops: what the purgatory cannot write as Linux does is refused") {
  RamoopsBoard board;
  std::string part;
  SUBCASE("no node") {
    Board without;
    CHECK(without.refused_at("ramoops") ==
          "board.toml:9:1: the next kernel's device tree has no nodes that are compatible with "
          "ramoops");
  }
  SUBCASE("two nodes") {
    board.tree.text("/other", "compatible", "ramoops");
    part = "has 2 nodes that are compatible with ramoops";
  }
  SUBCASE("disabled") {
    board.tree.text(board.node, "status", "disabled");
    part = "has no nodes";
  }
  SUBCASE("no console") {
    board.tree.cells(board.node, "console-size", {0});
    part = "/reserved-memory/ramoops@7fff0000 has no room for a console (console-size)";
  }
  SUBCASE("error correction") {
    board.tree.cells(board.node, "ecc-size", {16});
    part = "protects its zones by ecc-size";
  }
  SUBCASE("cached") {
    board.tree.cells(board.node, "mem-type", {2});
    part = "is cached by Linux (mem-type)";
  }
  SUBCASE("dumps that do not fill") {
    board.tree.cells(board.node, "record-size", {0x8000});
    part = "leaves 49152 bytes for dumps of 32768";
  }
  SUBCASE("too small") {
    board.tree.cells(board.node, "pmsg-size", {0x10000});
    part = "is smaller than its zones";
  }
  SUBCASE("in RAM that nobody reserves") {
    board.tree.text(board.node, "status", "disabled");
    board.tree.text("/ramoops", "compatible", "ramoops")
        .cells("/ramoops", "console-size", {0x4000});
    board.tree.cells("/ramoops", "reg", {0x50000000, 0x4000});
    part = "puts the breadcrumb at 0x50000000-0x50003fff, which is RAM that kernels use";
  }
  if (!part.empty()) CHECK(board.refusal().find(part) != std::string::npos);
}

}  // namespace breadcrumb_test
