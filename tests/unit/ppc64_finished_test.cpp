// SPDX-License-Identifier: Apache-2.0
//
// A plan that works, and what kxf says when one thing in it is wrong. Each mutant is a kernel that
// would hang after the jump.
#include "plan/kernel_layout.hpp"
#include "ppc64/crash.hpp"
#include "ppc64/run_at_load.hpp"
#include "ppc64_scene.hpp"

namespace ppc64_finished_test {
namespace {

using kxf::Endian;
using kxf::Range;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

constexpr std::uint64_t tree_at = 0x2ffe0000;
constexpr std::uint64_t page = 64 * kib;
constexpr Range region{0x20000000, 0x38000000};
constexpr std::uint64_t backup_at = 0x23000000;
constexpr std::uint64_t header_at = 0x23010000;

enum class Slot : std::uint8_t { normal, crash };

/// All that seal() hands to the architecture, for a normal load or for the crash slot.
struct Plan {
  PowerMachine power;
  Endian endian;
  kxf::Settings settings;
  kxf::ByteVector file;
  kxf::KernelSpec kernel;
  kxf::MemoryMap memory{};
  std::vector<kxf::Segment> segments{};
  std::vector<kxf::DigestEntry> digests{};
  bool crash = false;
  std::uint64_t kernel_at = crash ? region.start : 0x2880000;
  std::uint64_t purgatory_at = kernel_at + 32 * mib;
  std::uint64_t entry = purgatory_at;
  std::optional<kxf::BackupCopy> backup{};

  explicit Plan(Endian of = Endian::little, kxf::Settings with = automatic,
                const TreeMaker& tree = lpar_tree(), Slot slot = Slot::normal)
      : power(tree),
        endian(of),
        settings(std::move(with)),
        file(kernel_bytes(of, run0, 0x20000)),
        crash(slot == Slot::crash) {
    if (crash) {
      memory = kxf::MemoryMap({{{0, gib}, kxf::MemoryKind::ram, "/memory@0", "ppc64-dt"},
                               {region, kxf::MemoryKind::crash_kernel, "crash region", "ppc64-dt"}},
                              {});
      backup = {kxf::ppc64::backed_up, backup_at};
      add("backup", {}, {backup_at, backup_at + page});
      add("elfcorehdr", kxf::ByteVector(400), {header_at, header_at + page});
    }
    kxf::Record record;
    kernel = value_of(kxf::ppc64::architecture().adapt_kernel(
        {power.machine, kernel_of(file, of), memory, settings, crash}, record));
    kxf::ByteVector first(file.begin(), file.begin() + page);
    for (const kxf::KernelPatch& patch : kernel.patches)
      std::copy(patch.bytes.begin(), patch.bytes.end(),
                first.begin() + static_cast<std::ptrdiff_t>(patch.memory_offset));
    add("kernel", std::move(first), {kernel_at, kernel_at + page});
    add("kernel-2", {file.begin() + page, file.end()}, {kernel_at + page, kernel_at + 16 * mib});
    kxf::TreeEditor editor(*power.machine.tree);
    const Range own = Range::sized(tree_at, crash ? page : power.machine.tree->blob().size() + 16);
    REQUIRE(editor.reserve(own).has_value());
    if (crash) {
      REQUIRE(editor.set_text("/chosen", "bootargs", "maxcpus=1 elfcorehdr=0x0000000023010000")
                  .has_value());
      REQUIRE(kxf::ppc64::announce_crash(
                  editor, {{header_at, header_at + page}, {region}, region, std::nullopt})
                  .has_value());
    }
    put_tree(editor.tree().value());
    for (const kxf::Segment& segment : segments)
      if (!segment.bytes.empty())
        digests.push_back({segment.name,
                           Range::sized(segment.range.start, segment.bytes.size_bytes()),
                           {static_cast<std::uint8_t>(digests.size() + 1), 0x77}});
    add("purgatory", purgatory(), {purgatory_at, purgatory_at + page});
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  void add(std::string name, kxf::ByteVector bytes, const Range& range) {
    segments.push_back({std::move(name), kxf::Blob(std::move(bytes)), range});
  }
  [[nodiscard]] kxf::ByteVector purgatory() const {
    return value_of(kxf::ppc64::architecture().purgatory({kernel, purgatory_at, kernel_at, tree_at,
                                                          nullptr, digests, power.machine, settings,
                                                          backup}))
        .bytes;
  }
  /// The tree's segment, with these changes to what is in it if there is one.
  void put_tree(const kxf::DeviceTree& tree) {
    std::erase_if(segments, [](const kxf::Segment& each) { return each.name == "dtb"; });
    add("dtb", {tree.blob().begin(), tree.blob().end()}, {tree_at, tree_at + page});
  }
  template <class Change>
  void change_tree(Change&& change) {
    kxf::TreeEditor editor(
        value_of(kxf::DeviceTree::parse(segment("dtb").bytes.view(), "the next device tree")));
    change(editor);
    put_tree(editor.tree().value());
  }
  [[nodiscard]] kxf::Segment& segment(std::string_view name) {
    for (kxf::Segment& each : segments)
      if (each.name == name) return each;
    FAIL("no segment " << name);
    return segments.front();
  }
  /// Other bytes at a place of a segment.
  void overwrite(std::string_view name, std::size_t offset, const kxf::ByteVector& with) {
    kxf::Segment& target = segment(name);
    kxf::ByteVector bytes(target.bytes.view().begin(), target.bytes.view().end());
    REQUIRE(offset + with.size() <= bytes.size());
    std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    target.bytes = kxf::Blob(std::move(bytes));
  }
  /// The same in the kernel and in its copy that the other CPUs run.
  void overwrite_head(std::size_t offset, const kxf::ByteVector& with) {
    overwrite("kernel", offset, with);
    overwrite("purgatory", offset, with);
  }

  [[nodiscard]] kxf::Status check() const {
    const kxf::ArchitectureQuestion question{power.machine, kernel, memory, settings, crash};
    return kxf::ppc64::architecture().check_finished({question, segments, entry, digests});
  }
  [[nodiscard]] std::string refusal() const { return refusal_of(check()); }
};

kxf::ByteVector flag(std::uint32_t word, Endian endian) {
  kxf::ByteVector bytes(4);
  kxf::store(std::span<std::uint8_t>(bytes), 0, word, endian);
  return bytes;
}

constexpr Endian both[] = {Endian::little, Endian::big};

constexpr Endian other(Endian endian) {
  return endian == Endian::little ? Endian::big : Endian::little;
}

}  // namespace

TEST_CASE("a plan that keeps the entry contract is let through") {
  for (const Endian endian : both)
    for (const kxf::Settings& settings : {automatic, always, never}) {
      CAPTURE(name_of(endian));
      CAPTURE(settings.at("run-at-load"));
      const Plan plan(endian, settings);
      const auto status = plan.check();
      CHECK_MESSAGE(status.has_value(), (status ? "" : status.error().message));
      const Plan powernv(endian, settings, powernv_tree());
      const auto bare = powernv.check();
      CHECK_MESSAGE(bare.has_value(), (bare ? "" : bare.error().message));
    }
}

TEST_CASE("mutant: run0 is left in a plan that must stay") {
  for (const Endian endian : both) {
    CAPTURE(name_of(endian));
    Plan plan(endian, always);
    plan.overwrite_head(0x5c, flag(run0, endian));
    CHECK(plan.refusal() ==
          "the run-at-load flag at 0x5c is \"run0\", not 1: the kernel must stay where it is "
          "loaded, and would copy itself to 0");
    // neither does it help to forget the patch
    plan.kernel.patches.clear();
    CHECK(contains(plan.refusal(), "is \"run0\", not 1"));
  }
}

TEST_CASE("mutant: the flag is in the wrong byte order") {
  for (const Endian endian : both) {
    CAPTURE(name_of(endian));
    Plan plan(endian, always);
    plan.overwrite_head(0x5c, flag(1, other(endian)));
    CHECK(plan.refusal() ==
          "the run-at-load flag at 0x5c is in the wrong byte order: as a word of this " +
              std::string(name_of(endian)) + "-endian kernel it is 0x01000000, not 0x1");
    Plan moving(endian);
    moving.overwrite_head(0x5c, flag(run0, other(endian)));
    CHECK(contains(moving.refusal(), "in the wrong byte order"));
  }
}

TEST_CASE("mutant: a flag that nobody asked for") {
  Plan plan;
  plan.overwrite_head(0x5c, flag(1, Endian::little));
  CHECK(plan.refusal() ==
        "the run-at-load flag at 0x5c is 0x1, not 0x72756e30 as in the kernel's file");
}

TEST_CASE("mutant: no code for the other CPUs at 0x60 of the entry segment") {
  Plan plan;
  plan.overwrite("purgatory", 0x60, kxf::ByteVector(0x100 - 0x60));
  CHECK(plan.refusal() ==
        "there is no code at 0x60 of the entry segment, where the other CPUs will be sent: they "
        "would run wild");
  plan.overwrite("purgatory", 0x60, kxf::ByteVector(0x100 - 0x60, 0x48));
  CHECK(plan.refusal() ==
        "there is not the kernel's code for other CPUs at 0x60 of the entry segment, where the "
        "other CPUs will be sent: they would run wild");
  plan.overwrite("purgatory", 0, plan.purgatory());
  CHECK(plan.check().has_value());
  plan.overwrite("purgatory", 0xff, {0x55});
  CHECK(contains(plan.refusal(), "not the kernel's code for other CPUs at 0x60"));
}

TEST_CASE("mutant: the words that the other CPUs wait for are not the kernel's") {
  Plan plan;
  plan.overwrite("purgatory", 0x10, {0xde, 0xad});
  CHECK(plan.refusal() ==
        "the first 0x100 bytes of the entry segment differ from the kernel's between 0x8 and 0x60, "
        "and other CPUs read there what to do");
}

TEST_CASE("mutant: the kernel begins with other bytes than its file") {
  Plan plan;
  plan.overwrite_head(0x60, kxf::ByteVector(0x20));
  CHECK(plan.refusal() ==
        "the first 0x100 bytes of the kernel's segment are not those of its file");
  // a patch that nobody asked for is no excuse
  plan.kernel.patches = {{0x60, kxf::ByteVector(0x20), "mutant"}};
  CHECK(contains(plan.refusal(), "are not those of its file"));
}

TEST_CASE("mutant: stale digests in the purgatory") {
  Plan plan;
  const kxf::Sha256 before = plan.digests[1].sha256;
  plan.digests[1].sha256[0] ^= 1;
  CHECK(plan.refusal() ==
        "the purgatory has a stale digest of segment kernel-2: it would stop there and never enter "
        "the kernel");
  plan.digests[1].sha256 = before;
  CHECK(plan.check().has_value());
  plan.digests[2].range.end -= 4;
  CHECK(contains(plan.refusal(), "for segment dtb, which is at 0x2ffe0000-"));
  plan.digests.pop_back();
  CHECK(plan.refusal() == "the purgatory would verify 3 ranges, the plan has digests of 2");
  plan.digests.clear();
  CHECK(contains(plan.refusal(), "would verify 3 ranges"));
}

TEST_CASE("mutant: the purgatory leads elsewhere") {
  Plan plan;
  for (kxf::Segment& segment : plan.segments)
    if (segment.name.starts_with("kernel"))
      segment.range = {segment.range.start + page, segment.range.end + page};
  CHECK(plan.refusal() ==
        "the purgatory would enter the kernel at 0x2880000, and it is at 0x2890000");

  Plan moved;
  moved.segment("dtb").range = {tree_at - page, tree_at};
  CHECK(moved.refusal() ==
        "the purgatory would pass on a device tree at 0x2ffe0000, and it is at 0x2ffd0000");

  Plan swapped;
  swapped.overwrite("purgatory", 0, Plan(Endian::big).purgatory());
  swapped.overwrite("purgatory", 8,
                    kxf::ByteVector(swapped.file.begin() + 8, swapped.file.begin() + 0x100));
  CHECK(swapped.refusal() ==
        "the purgatory would enter the kernel in the wrong byte order: it is little-endian");

  Plan entry;
  entry.entry += 4;
  CHECK(contains(entry.refusal(), "is not the first byte of its segment purgatory"));

  Plan unaligned;
  unaligned.segment("dtb").range = {tree_at + 4 * kib, tree_at + page};
  CHECK(contains(unaligned.refusal(), "segment dtb is at 0x2ffe1000, no multiple of 64 KiB"));
}

TEST_CASE("mutant: OPAL is not where the purgatory says") {
  Plan plan(Endian::little, automatic, powernv_tree());
  TreeMaker tree = powernv_tree();
  tree.u64("/ibm,opal", "opal-entry-address", opal_entry + 0x100);
  plan.power.machine.tree = tree.done();
  CHECK(contains(plan.refusal(),
                 "OPAL is at 0x30000000 and entered at 0x30002000, and it is at "
                 "0x30000000 and entered at 0x30002100"));
}

TEST_CASE("mutant: the next tree does not reserve itself") {
  Plan plan;
  const auto bare = lpar_tree().done();
  plan.segment("dtb").bytes = kxf::Blob(kxf::ByteVector(bare.blob().begin(), bare.blob().end()));
  CHECK(
      contains(plan.refusal(), "the next device tree does not reserve its own place 0x2ffe0000-"));
}

namespace {

struct CrashPlan : Plan {
  explicit CrashPlan(Endian of = Endian::little) : Plan(of, automatic, lpar_tree(), Slot::crash) {}
  /// After changes to what the purgatory was told.
  void renew_purgatory() { segment("purgatory").bytes = kxf::Blob(purgatory()); }
};

}  // namespace

TEST_CASE("a crash plan is let through, whatever the byte order of its kernel") {
  for (const Endian endian : both) {
    CAPTURE(name_of(endian));
    const CrashPlan plan(endian);
    const auto status = plan.check();
    CHECK_MESSAGE(status.has_value(), (status ? "" : status.error().message));
    // The kernel stays where it is, by a flag in its own byte order.
    const auto word = kxf::Bytes(plan.segments[2].bytes.view(), endian).read<std::uint32_t>(0x5c);
    CHECK(word == 1U);
  }
}

TEST_CASE("mutant: the first 64 KiB are not saved, or elsewhere") {
  CrashPlan plan;
  plan.backup.reset();
  plan.renew_purgatory();
  CHECK(plan.refusal() == "the purgatory would save nothing, and 0x0-0xffff belongs at 0x23000000");
  plan.backup = {kxf::ppc64::backed_up, backup_at + 8 * page};
  plan.renew_purgatory();
  CHECK(plan.refusal() ==
        "the purgatory would save 0x0-0xffff at 0x23080000, and 0x0-0xffff belongs at 0x23000000");
  plan.backup = {{0, page / 2}, backup_at};
  plan.renew_purgatory();
  CHECK(contains(plan.refusal(), "would save 0x0-0x7fff at 0x23000000"));

  CrashPlan small;
  small.segment("backup").range.end -= 4 * kib;
  CHECK(small.refusal() == "the crash load has no segment backup of 64 KiB");

  Plan normal;
  normal.backup = {kxf::ppc64::backed_up, backup_at};
  normal.segment("purgatory").bytes = kxf::Blob(normal.purgatory());
  CHECK(contains(normal.refusal(), "the purgatory would overwrite 0x23000000-0x2300ffff"));
}

TEST_CASE("mutant: a crash kernel that would not find the core header") {
  CrashPlan moved;
  moved.segment("elfcorehdr").range = {header_at + page, header_at + 2 * page};
  CHECK(moved.refusal() ==
        "the crash kernel's command line lacks elfcorehdr=0x0000000023020000: it would find no "
        "core header");
  CrashPlan without;
  std::erase_if(without.segments,
                [](const kxf::Segment& each) { return each.name == "elfcorehdr"; });
  CHECK(without.refusal() == "the crash load has no segment elfcorehdr");
}

TEST_CASE("mutant: a crash kernel that would use the crashed kernel's memory") {
  CrashPlan unlimited;
  unlimited.change_tree(
      [](kxf::TreeEditor& tree) { tree.remove_property("/memory@0", "linux,usable-memory"); });
  CHECK(unlimited.refusal() ==
        "the next device tree gives the crashed kernel's memory 0x38000000-0x3fffffff to the crash "
        "kernel");
  CrashPlan unreserved;
  unreserved.change_tree([](kxf::TreeEditor& tree) {
    CHECK(tree.unreserve({0x10000, region.start}) == 1);
  });
  CHECK(unreserved.refusal() ==
        "the next device tree does not reserve the crashed kernel's memory 0x10000-0x1fffffff");
  CrashPlan less;
  less.change_tree([](kxf::TreeEditor& tree) {
    CHECK(tree.set("/memory@0", "linux,usable-memory",
                   kxf_test::cells(wide({0, region.end - page}))));
  });
  CHECK(less.refusal() ==
        "the next device tree does not give all of the crash region 0x20000000-0x37ffffff to the "
        "crash kernel");
  CrashPlan elsewhere;
  elsewhere.memory = kxf::MemoryMap(
      {{{0, gib}, kxf::MemoryKind::ram, "/memory@0", "ppc64-dt"},
       {{0x38000000, gib}, kxf::MemoryKind::crash_kernel, "crash region", "ppc64-dt"}},
      {});
  CHECK(contains(elsewhere.refusal(), "is in no crash region"));
}

}  // namespace ppc64_finished_test
