// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "arm64/arm64.hpp"
#include "core_file.hpp"
#include "machine/open.hpp"
#include "map_machine.hpp"
#include "memory/discovery.hpp"
#include "plan/placer.hpp"

namespace arm64_crash_test {
namespace {

using kxf::MemoryKind;
using kxf::Range;
using kxf_test::CoreFile;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;

constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t gib = 1024 * mib;

const kxf::Settings require{{"kernel-text", "require"}};
const kxf::Settings omit{{"kernel-text", "omit"}};

// A machine with 39 bits of kernel addresses and KASLR, like Debian's kernels on it.
constexpr std::uint64_t ram_start = 0x40000000;
constexpr std::uint64_t linear_start = 0xffffff8000000000;
constexpr std::uint64_t linear_offset = linear_start - ram_start;
constexpr Range image{0x40200000, 0x40a40000};
constexpr std::uint64_t image_start = 0xffffffe840400000;
constexpr std::uint64_t stext = image_start + 0x10000;
constexpr const char* iomem =
    "40000000-bfffffff : System RAM\n"
    "  40210000-4082ffff : Kernel code\n"
    "  40830000-4091ffff : reserved\n"
    "  40920000-40a3ffff : Kernel data\n"
    "c0000000-c00fffff : device\n"
    "100000000-13fffffff : System RAM\n";
constexpr const char* vmcoreinfo =
    "OSRELEASE=6.1.192\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffe840410000\nNUMBER(VA_BITS)=39\n"
    "NUMBER(kimage_voffset)=0xffffffe800200000\nNUMBER(PHYS_OFFSET)=0x40000000\n"
    "KERNELOFFSET=28380000\n";

CoreFile ram_only() {
  CoreFile kcore;
  kcore.load(0x40000000, linear_start, 0x80000000)
      .load(UINT64_MAX, 0xffffffc008000000, 0x3de8000000)
      .load(0x100000000, linear_start + 0xc0000000, 0x40000000);
  return kcore;
}
CoreFile ram_and_image() {
  CoreFile kcore;
  kcore.load(image.start, image_start, image.size_bytes());
  const CoreFile ram = ram_only();
  kcore.loads.insert(kcore.loads.end(), ram.loads.begin(), ram.loads.end());
  return kcore;
}
CoreFile with_notes(CoreFile kcore, const std::string& text = vmcoreinfo) {
  kcore.notes = {{"CORE", "registers"}, {"VMCOREINFO", text}};
  return kcore;
}

kxf::MemoryMap map_of(const kxf::Machine& machine) {
  const kxf::MemorySource* const sources[] = {&kxf::iomem_memory_source()};
  kxf::Record record;
  auto map = kxf::discover_memory(machine, sources, {}, record);
  REQUIRE_MESSAGE(map, (map ? "" : map.error().message));
  return std::move(*map);
}

struct Asked {
  kxf::Result<kxf::CrashLayout> layout;
  kxf::Record record;
};

Asked ask(const kxf::Machine& machine, const kxf::Settings& settings = require) {
  const kxf::KernelSpec kernel;
  const kxf::MemoryMap memory = map_of(machine);
  kxf::Record record;
  auto layout =
      kxf::arm64::architecture().crash_layout({machine, kernel, memory, settings, true}, record);
  return {std::move(layout), record};
}

Asked ask(const std::optional<CoreFile>& kcore, const kxf::Settings& settings = require,
          const std::string& kallsyms = "") {
  MapMachine machine("/proc/iomem", iomem);
  if (kcore) machine.files["/proc/kcore"] = kcore->bytes();
  if (!kallsyms.empty()) machine.files["/proc/kallsyms"] = kallsyms;
  return ask(machine, settings);
}

kxf::CrashLayout layout_of(const Asked& asked) {
  REQUIRE_MESSAGE(asked.layout, (asked.layout ? "" : asked.layout.error().message));
  CHECK(asked.layout->elf_machine == 183);
  CHECK_FALSE(asked.layout->backup);
  CHECK(asked.layout->tree_room_bytes == 0);
  return *asked.layout;
}

std::string refusal(const Asked& asked) {
  REQUIRE_FALSE(asked.layout);
  CHECK(asked.layout.error().fault == kxf::Fault::refused);
  CHECK_FALSE(asked.layout.error().remedy.empty());
  return asked.layout.error().message;
}

bool decided(const kxf::Record& record, std::string_view part) {
  return std::any_of(record.decisions().begin(), record.decisions().end(),
                     [part](const kxf::Decision& each) {
                       return (each.choice + "; " + each.reason).find(part) != std::string::npos;
                     });
}

const kxf::KernelMapping whole_image{image, image_start};
// What /proc/iomem knows of it: not the header page before _stext.
const kxf::KernelMapping known_image{{0x40210000, 0x40a40000}, stext};

kxf::Status announce(kxf::TreeEditor& editor, const kxf::CrashPlaces& places) {
  return kxf::arm64::architecture().announce_crash(editor, places);
}

kxf::DeviceTree tree_of(std::optional<std::uint32_t> address_cells,
                        std::optional<std::uint32_t> size_cells) {
  TreeMaker tree;
  if (address_cells) tree.cells("/", "#address-cells", {*address_cells});
  if (size_cells) tree.cells("/", "#size-cells", {*size_cells});
  return tree.text("/chosen", "bootargs", "quiet").done();
}

/// Read the property as Linux does: with the cells that the tree says by itself.
std::vector<Range> read_back(const kxf::DeviceTree& tree, std::string_view property) {
  const auto address_cells = tree.root().u32("#address-cells");
  const auto size_cells = tree.root().u32("#size-cells");
  const auto value = tree.find("/chosen")->property(property);
  if (!address_cells || !size_cells || !value) return {};
  const auto node = TreeMaker()
                        .cells("/bus", "#address-cells", {*address_cells})
                        .cells("/bus", "#size-cells", {*size_cells})
                        .done();
  kxf::TreeEditor editor(node);
  if (!editor.set("/bus/node", "reg", *value)) return {};
  return editor.tree()->find("/bus/node")->reg().value_or(std::vector<Range>{});
}

}  // namespace

TEST_CASE("a captured machine tells its linear map and where its image is") {
  const auto layout_on = [](const std::string& name) {
    const auto machine = kxf::open_machine(KXF_SOURCE_DIR "/tests/machines/" + name);
    REQUIRE(machine);
    return layout_of(ask(**machine));
  };
  const auto virt = layout_on("virt-crash.tar");
  CHECK(virt.linear_map_offset == linear_offset);
  CHECK(virt.kernel_text == whole_image);
  // Debian's kernel: _text is not in its kallsyms; RAM is in several pieces.
  const auto efi = layout_on("virt-efi-acpi.tar");
  CHECK(efi.linear_map_offset == 0xffff000000000000);
  CHECK(efi.kernel_text == kxf::KernelMapping{{0x77d60000, 0x79d70000}, 0xffff800008160000});
}

TEST_CASE("the image is the entry of kcore that holds _stext, by VMCOREINFO or by kallsyms") {
  const Asked by_notes = ask(with_notes(ram_and_image()));
  CHECK(layout_of(by_notes).kernel_text == whole_image);
  CHECK(layout_of(by_notes).linear_map_offset == linear_offset);
  CHECK(decided(by_notes.record, "2 entries of RAM agree"));
  const Asked by_symbols = ask(ram_and_image(), require, "ffffffe840410000 T _stext\n");
  CHECK(layout_of(by_symbols).kernel_text == whole_image);
  CHECK(decided(by_symbols.record, "/proc/kallsyms"));
}

TEST_CASE("without an entry of the image VMCOREINFO tells it, then kallsyms against iomem") {
  const Asked by_notes = ask(with_notes(ram_only()));
  CHECK(layout_of(by_notes).kernel_text == known_image);
  CHECK(decided(by_notes.record, "kimage_voffset"));
  // Kernels that call their first page code begin "Kernel code" at _text.
  CHECK(layout_of(ask(ram_only(), require,
                      "ffffffe840410000 T _stext\nffffffe840a30000 T __init_begin\n"))
            .kernel_text == known_image);
  CHECK(layout_of(ask(ram_only(), require,
                      "ffffffe840410000 T _text\nffffffe840420000 T _stext\n"
                      "ffffffe840a30000 T __init_begin\n"))
            .kernel_text == known_image);
}

TEST_CASE("an image that nothing tells is refused, or left out with a warning") {
  const std::string unknown =
      "where the running kernel's image is mapped is not known: neither /proc/kcore, nor "
      "VMCOREINFO, nor /proc/kallsyms with /proc/iomem tells it";
  CHECK(refusal(ask(ram_only())) == unknown);
  // Hidden addresses, lengths that do not fit, and a symbol of a module.
  for (const char* kallsyms :
       {"0000000000000000 T _stext\n0000000000000000 T __init_begin\n",
        "ffffffe840410000 T _stext\nffffffe840a40000 T __init_begin\n",
        "ffffffe840410000 T _stext\n",
        "ffffffe840410000 t _stext\t[m]\nffffffe840a30000 T __init_begin\n"}) {
    CAPTURE(kallsyms);
    CHECK(refusal(ask(ram_only(), require, kallsyms)) == unknown);
  }
  // kcore and VMCOREINFO contradict each other: neither is believed.
  std::string other = vmcoreinfo;
  other.replace(other.find("0xffffffe800200000"), 18, "0xffffffe800100000");
  CHECK(refusal(ask(with_notes(ram_and_image(), other))) == unknown);
  // A place outside of what /proc/iomem lists as the kernel.
  other.replace(other.find("0xffffffe800100000"), 18, "0xffffffe700000000");
  CHECK(refusal(ask(with_notes(ram_only(), other))) == unknown);

  const Asked left_out = ask(ram_only(), omit);
  CHECK_FALSE(layout_of(left_out).kernel_text);
  CHECK(layout_of(left_out).linear_map_offset == linear_offset);
  REQUIRE(left_out.record.warnings().size() == 1);
  CHECK(left_out.record.warnings()[0].id == "crash-kernel-text");
  // What is known is not left out.
  CHECK(layout_of(ask(with_notes(ram_and_image()), omit)).kernel_text == whole_image);
  CHECK(refusal(ask(with_notes(ram_and_image()), {{"kernel-text", "perhaps"}})) ==
        "setting kernel-text of the architecture arm64 is \"perhaps\"");
}

TEST_CASE("an image that the linear map holds needs no entry of its own") {
  CoreFile kcore = ram_only();
  std::string info = vmcoreinfo;
  info.replace(info.find("ffffffe840410000"), 16, "ffffff8000210000");
  info.replace(info.find("0xffffffe800200000"), 18, "0xffffff7fc0000000");
  CHECK_FALSE(layout_of(ask(with_notes(kcore, info))).kernel_text);
}

TEST_CASE("the linear map is by VMCOREINFO where kcore has no RAM, before and after 5.4") {
  CoreFile silent;
  silent.load(UINT64_MAX, 0xffffffc008000000, 0x3de8000000);
  const Asked flipped = ask(with_notes(silent));
  CHECK(layout_of(flipped).linear_map_offset == linear_offset);
  CHECK(decided(flipped.record, "PHYS_OFFSET and VA_BITS"));
  // Before 5.4 the image was below the linear map.
  const std::string old =
      "SYMBOL(_stext)=ffffff8008080000\nNUMBER(VA_BITS)=39\nNUMBER(PHYS_OFFSET)=0x40000000\n"
      "NUMBER(kimage_voffset)=0xffffff7fc7e70000\n";
  const auto before = layout_of(ask(with_notes(silent, old)));
  CHECK(before.linear_map_offset == 0xffffffc000000000 - ram_start);
  CHECK(before.kernel_text->virtual_start == 0xffffff8008080000);
}

TEST_CASE("a linear map that nothing settles is refused with what was tried") {
  CHECK(refusal(ask(std::nullopt)) ==
        "where the running kernel maps RAM is not known: there is no \"/proc/kcore\", and "
        "VMCOREINFO does not settle it");
  CoreFile silent;
  silent.load(UINT64_MAX, 0xffffffc008000000, 0x3de8000000);
  CHECK(refusal(ask(silent)).find("\"/proc/kcore\" has no entry for System RAM") !=
        std::string::npos);
  std::string wide = vmcoreinfo;
  wide.replace(wide.find("VA_BITS)=39"), 11, "VA_BITS)=52");
  CHECK(refusal(ask(with_notes(silent, wide))).find("does not settle it") != std::string::npos);
  CoreFile moved = ram_and_image();
  moved.loads.back().p_vaddr += 0x1000;
  CHECK(refusal(ask(with_notes(moved))) ==
        "\"/proc/kcore\" contradicts itself: 0x40000000-0xbfffffff is mapped at "
        "0xffffff8000000000, and 0x100000000-0x13fffffff at 0xffffff80c0001000, which is another "
        "distance");
}

TEST_CASE("a crash kernel is told header and memory in the cells of the root, the home first") {
  const Range low{0x80000000, 0x88000000};
  const Range high{0x90000000, 0xa0000000};
  const Range other{0xa8000000, 0xaa000000};
  const kxf::CrashPlaces places{{0x9fff0000, 0x9fff1000}, {low, high, other}, high, std::nullopt};
  for (const std::uint32_t address_cells : {1U, 2U, 3U})
    for (const std::uint32_t size_cells : {1U, 2U, 3U}) {
      CAPTURE(address_cells);
      CAPTURE(size_cells);
      kxf::TreeEditor editor(tree_of(address_cells, size_cells));
      REQUIRE(announce(editor, places).has_value());
      const auto tree = editor.tree().value();
      CHECK(tree.find("/chosen")->property("linux,elfcorehdr")->size() ==
            4 * (address_cells + size_cells));
      CHECK(read_back(tree, "linux,elfcorehdr") == std::vector<Range>{places.core_header});
      CHECK(read_back(tree, "linux,usable-memory-range") == std::vector<Range>{high, other, low});
    }
}

TEST_CASE("cells that the root leaves out are written as the specification means them") {
  const Range home{0x1000000000, 0x1010000000};
  for (const bool has_address_cells : {false, true})
    for (const bool has_size_cells : {false, true}) {
      kxf::TreeEditor editor(tree_of(has_address_cells ? std::optional(2U) : std::nullopt,
                                     has_size_cells ? std::optional(1U) : std::nullopt));
      REQUIRE(announce(editor, {{home.start, home.start + 0x1000}, {home}, home, std::nullopt})
                  .has_value());
      const auto tree = editor.tree().value();
      CHECK(tree.root().u32("#address-cells") == 2);
      CHECK(tree.root().u32("#size-cells") == 1);
      CHECK(read_back(tree, "linux,usable-memory-range") == std::vector<Range>{home});
    }
}

TEST_CASE("a region that does not fit the root's cells is refused with both") {
  const auto refused = [](const Range& home, std::uint32_t address_cells,
                          std::uint32_t size_cells) {
    kxf::TreeEditor editor(tree_of(address_cells, size_cells));
    const auto status =
        announce(editor, {Range::sized(home.start, 0x1000), {home}, home, std::nullopt});
    REQUIRE_FALSE(status.has_value());
    CHECK_FALSE(status.error().remedy.empty());
    return status.error().message;
  };
  CHECK(refused({4 * gib, 5 * gib}, 1, 2) ==
        "/chosen/linux,elfcorehdr: the address of 0x100000000-0x100000fff: 0x100000000 does not "
        "fit one cell of 32 bits");
  CHECK(refused({gib, 6 * gib}, 2, 1) ==
        "/chosen/linux,usable-memory-range: the size of 0x40000000-0x17fffffff: 0x140000000 does "
        "not fit one cell of 32 bits");
  CHECK(refused({gib, 2 * gib}, 2, 0).find("has no cell at all") != std::string::npos);
}

TEST_CASE("what a crash kernel is told is read again, whatever the cells and regions are") {
  CHECK(rc::check([] {
    const auto address_cells = *rc::gen::inRange(1U, 5U);
    const auto size_cells = *rc::gen::inRange(1U, 5U);
    const std::uint64_t unit = address_cells == 1 ? 2 * mib : gib / 2;
    std::vector<Range> parts;
    for (auto left = *rc::gen::inRange(1U, 6U); left > 0; --left) {
      const std::uint64_t start = unit * *rc::gen::inRange(1U, 1000U);
      parts.push_back(Range::sized(start, 2 * mib * *rc::gen::inRange(1U, 64U)));
    }
    const kxf::RangeSet regions(parts);
    const Range home = *rc::gen::elementOf(regions.ranges());
    const kxf::CrashPlaces drafted{{home.start, home.start + 0x10000}, regions, home, {}};
    const kxf::CrashPlaces placed{{home.end - 0x10000, home.end}, regions, home, {}};
    kxf::TreeEditor editor(tree_of(address_cells, size_cells));
    RC_ASSERT(announce(editor, drafted).has_value());
    const std::size_t size = editor.tree()->blob().size();
    RC_ASSERT(announce(editor, placed).has_value());
    const auto tree = editor.tree().value();
    RC_ASSERT(tree.blob().size() == size);
    RC_ASSERT(read_back(tree, "linux,elfcorehdr") == std::vector<Range>{placed.core_header});
    std::vector<Range> told = read_back(tree, "linux,usable-memory-range");
    RC_ASSERT(!told.empty());
    RC_ASSERT(told.front() == home);
    RC_ASSERT(std::is_sorted(told.rbegin(), told.rend() - 1));
    RC_ASSERT(kxf::RangeSet(told) == regions);
    RC_ASSERT(told.size() == regions.ranges().size());
  }));
}

TEST_CASE("a crash kernel goes low in its region, with all of it in reach of the initrd") {
  MapMachine machine;
  kxf::KernelSpec kernel;
  kernel.machine = "aarch64";
  kernel.base_alignment = 2 * mib;
  kernel.memory_size = 64 * mib;
  // It crosses a multiple of 1 GiB, at which the initrd's window begins.
  const kxf::RangeSet region{{gib - 64 * mib, gib + 64 * mib}};
  const kxf::MemoryMap memory(
      {{{0, 4 * gib}, MemoryKind::ram, "System RAM", "iomem"},
       {*region.begin(), MemoryKind::crash_kernel, "Crash kernel", "iomem"}},
      {});
  kxf::Record record;
  const auto rules = kxf::arm64::architecture().placement_rules(
      {machine, kernel, memory, require, true}, {48 * mib, 1 * mib, 0x5000}, record);
  REQUIRE(rules);
  const auto places = kxf::place_segments({memory, region, 4096}, *rules);
  REQUIRE_MESSAGE(places, (places ? "" : places.error().message));
  CHECK(places->front().range == Range{gib - 64 * mib, gib});
  // Too small: the numbers are in the message.
  const kxf::RangeSet small{{gib, gib + 32 * mib}};
  const auto refused = kxf::place_segments({memory, small, 4096}, *rules);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("64 MiB") != std::string::npos);
  CHECK(refused.error().message.find("32 MiB") != std::string::npos);
}

TEST_CASE("a crash kernel gets one CPU and resets devices, unless the profile says otherwise") {
  const auto traits = kxf::arm64::architecture().traits();
  CHECK(traits.crash_command_line == "nr_cpus=1 reset_devices");
  CHECK(traits.core_header_parameter.empty());  // the tree says it
  CHECK_FALSE(traits.hotplug_rewrites_tree);
}

TEST_CASE("CPUs that stay in the crashed kernel are warned of, in crash loads only") {
  const auto ids = [](bool crash, const std::string& method, const char* possible) {
    MapMachine machine("/sys/devices/system/cpu/possible", possible);
    kxf::PlanParts parts;
    parts.arch = "arm64";
    parts.page_size_bytes = 4096;
    parts.crash = crash;
    parts.entry = 0x40400000;
    parts.segments = {{"kernel", kxf::Blob(kxf::ByteVector(100)), {0x40400000, 0x40401000}}};
    std::vector<kxf::MemoryRange> ranges{
        {{0x40000000, 0x80000000}, MemoryKind::ram, "System RAM", "iomem"}};
    if (crash)
      ranges.push_back(
          {{0x40400000, 0x44400000}, MemoryKind::crash_kernel, "Crash kernel", "iomem"});
    parts.memory = kxf::MemoryMap(ranges, {});
    for (const char* path : {"/cpus/cpu@0", "/cpus/cpu@1"})
      parts.cpus.cpus.push_back({{0, path, method, {}, {}}, {}, {}, {}});
    std::vector<std::string> found;
    for (const kxf::BoardFinding& finding : kxf::arm64::crash_cpus_check().check(
             machine, kxf::LoadPlan::make(std::move(parts)).value())) {
      CHECK_FALSE(finding.refuse);
      found.push_back(finding.id);
    }
    return found;
  };
  CHECK(ids(true, "spin-table", "0-1\n") == std::vector<std::string>{"crash-cpus-stay"});
  CHECK(ids(false, "spin-table", "0-1\n").empty());
  CHECK(ids(true, "spin-table", "0\n").empty());
  CHECK(ids(true, "psci", "0-1\n").empty());
}

}  // namespace arm64_crash_test
