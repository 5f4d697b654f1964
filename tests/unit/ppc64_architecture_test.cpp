// SPDX-License-Identifier: Apache-2.0
#include "memory/discovery.hpp"
#include "plan/placer.hpp"
#include "ppc64/run_at_load.hpp"
#include "ppc64_scene.hpp"

namespace ppc64_architecture_test {
namespace {

using kxf::Endian;
using kxf::Range;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

const kxf::Architecture& ppc64() { return kxf::ppc64::architecture(); }

/// The kernel as this machine would run it.
kxf::Result<kxf::KernelSpec> adapt(const MapMachine& machine, const kxf::KernelSpec& kernel,
                                   const kxf::Settings& settings = automatic, bool crash = false) {
  const kxf::MemoryMap nothing;
  kxf::Record record;
  return ppc64().adapt_kernel({machine, kernel, nothing, settings, crash}, record);
}

kxf::MemoryMap map_of(const MapMachine& machine) {
  const kxf::MemorySource* const sources[] = {&kxf::ppc64::memory_source()};
  kxf::Record record;
  return value_of(kxf::discover_memory(machine, sources, {}, record));
}

kxf::Result<std::vector<kxf::PlacementRule>> rules_for(const MapMachine& machine,
                                                       const kxf::KernelSpec& kernel,
                                                       const kxf::SegmentSizes& sizes) {
  const kxf::MemoryMap map = map_of(machine);
  kxf::Record record;
  return ppc64().placement_rules({machine, kernel, map, automatic}, sizes, record);
}

/// Where everything goes, by name.
struct Places {
  std::vector<kxf::Place> places;
  kxf::MemoryMap map;

  Places(const MapMachine& machine, const kxf::KernelSpec& kernel, const kxf::SegmentSizes& sizes)
      : map(map_of(machine)) {
    const auto rules = value_of(rules_for(machine, kernel, sizes));
    places = value_of(kxf::place_segments({map, map.usable(), 64 * kib}, rules));
  }
  [[nodiscard]] Range of(std::string_view name) const {
    for (const kxf::Place& place : places)
      if (place.name == name) return place.range;
    FAIL("no place for " << name);
    return {};
  }
};

constexpr kxf::SegmentSizes usual_sizes{64 * mib, 40 * kib, 20 * kib};

}  // namespace

TEST_CASE("ppc64 handles either byte order and no other machine") {
  const auto handles = [](const char* hardware) {
    return ppc64().handles({hardware, "6.1", 65536, Endian::little});
  };
  CHECK(handles("ppc64le"));
  CHECK(handles("ppc64"));
  CHECK_FALSE(handles("ppc"));
  CHECK_FALSE(handles("aarch64"));
  const kxf::ArchitectureTraits traits = ppc64().traits();
  CHECK(traits.kexec_arch == 21);
  CHECK(traits.command_line_limit == 2048);
  CHECK(traits.segment_alignment == 64 * kib);
  CHECK(traits.memory_sources == std::vector<std::string>{"ppc64-dt", "iomem"});
  CHECK(traits.reserve_tree);
}

TEST_CASE("a tree of a Power server is known by its numbers of threads") {
  CHECK(ppc64().handles_tree(lpar_tree().done()));
  CHECK(ppc64().handles_tree(powernv_tree().done()));
  CHECK_FALSE(ppc64().handles_tree(kxf_test::sample_tree()));
}

TEST_CASE("a kernel for another machine is refused by name") {
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  kxf::KernelSpec kernel = kernel_of(bytes, Endian::little);
  kernel.machine = "aarch64";
  CHECK(refusal_of(adapt(PowerMachine(lpar_tree()).machine, kernel)) ==
        "the image is for aarch64, this machine is ppc64le");
}

TEST_CASE("the system call fits the kernel's byte order and what becomes of its flag") {
  const PowerMachine power(lpar_tree());
  const kxf::ByteVector little_bytes = kernel_bytes(Endian::little, run0);
  const kxf::ByteVector big_bytes = kernel_bytes(Endian::big, run0);
  const kxf::KernelSpec little = kernel_of(little_bytes, Endian::little);
  const kxf::KernelSpec big = kernel_of(big_bytes, Endian::big);
  CHECK(value_of(adapt(power.machine, little)).file_load);
  CHECK(value_of(adapt(power.machine, little, automatic, true)).file_load);
  const kxf::KernelSpec foreign = value_of(adapt(power.machine, big));
  CHECK_FALSE(foreign.file_load);
  CHECK(foreign.file_load_reason ==
        "it is big-endian, and kexec_file_load of the little-endian kernel that runs reads the "
        "run-at-load flag in its own byte order");
  CHECK_FALSE(value_of(adapt(power.machine, big, automatic, true)).file_load);
  CHECK_FALSE(value_of(adapt(power.machine, little, always)).file_load);
  CHECK(value_of(adapt(PowerMachine(lpar_tree(), Endian::big).machine, big)).file_load);
  // what the format found comes first
  kxf::KernelSpec nested = big;
  nested.file_load = false;
  nested.file_load_reason = "it is packed";
  CHECK(value_of(adapt(power.machine, nested)).file_load_reason == "it is packed");
  CHECK(contains(refusal_of(adapt(power.machine, little, {{"run-at-load", "sometimes"}})),
                 "run-at-load"));
}

TEST_CASE("on an LPAR everything lies between the running kernel and the end of the RMA") {
  const PowerMachine power(lpar_tree());
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::KernelSpec kernel = value_of(adapt(power.machine, kernel_of(bytes, Endian::little)));
  const Places places(power.machine, kernel, usual_sizes);
  for (const kxf::Place& place : places.places) {
    CAPTURE(place.name);
    CHECK(place.range.start >= kernel_end);
    CHECK(place.range.end <= gib);
    CHECK(place.range.start % (64 * kib) == 0);
  }
  CHECK(places.of("kernel") == Range::sized(kernel_end, 16 * mib));
  // the last 64 KiB below 768 MiB that RTAS leaves
  CHECK(places.of("dtb") == Range{0x2ffe0000, 0x2fff0000});
}

TEST_CASE("an initrd that the RMA has no room for is refused, and the room is named") {
  const PowerMachine power(lpar_tree());
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::KernelSpec kernel = value_of(adapt(power.machine, kernel_of(bytes, Endian::little)));
  const kxf::MemoryMap map = map_of(power.machine);
  const auto rules = value_of(rules_for(power.machine, kernel, {900 * mib, 40 * kib, 20 * kib}));
  const std::string message = refusal_of(kxf::place_segments({map, map.usable(), 64 * kib}, rules));
  CHECK(contains(message, "initrd"));
}

TEST_CASE("on PowerNV segments go to any memory, the tree stays low") {
  const PowerMachine power(powernv_tree());
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::KernelSpec kernel = value_of(adapt(power.machine, kernel_of(bytes, Endian::little)));
  const Places places(power.machine, kernel, {1500 * mib, 40 * kib, 20 * kib});
  CHECK(places.of("initrd").start == 0x200000000000);
  CHECK(places.of("dtb") == Range{opal_base - 64 * kib, opal_base});
}

TEST_CASE("a kernel that moves to 0 overwrites no other segment there") {
  TreeMaker tree = lpar_tree();
  tree.u64("/chosen", "linux,kernel-end", 0x1000000);
  const PowerMachine power(tree);
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  // The first hole above the running kernel fits the purgatory, not the kernel.
  const kxf::KernelSpec plain = kernel_of(bytes, Endian::little, 64 * mib);
  TreeMaker with_hole = tree;
  with_hole.reserve({0x1100000, 0x1200000});
  const PowerMachine holed(with_hole);
  const Places moves(holed.machine, value_of(adapt(holed.machine, plain)), usual_sizes);
  for (const char* name : {"initrd", "dtb", "purgatory"}) {
    CAPTURE(name);
    CHECK(moves.of(name).start >= 64 * mib);
  }
  // one that stays leaves that memory to the others
  const Places stays(holed.machine, value_of(adapt(holed.machine, plain, always)), usual_sizes);
  CHECK(stays.of("purgatory").start == 0x1000000);
}

TEST_CASE("a kernel that would move over firmware is refused") {
  TreeMaker tree = lpar_tree();
  tree.cells("/rtas", "linux,rtas-base", {0x3000000});
  const PowerMachine power(tree);
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::KernelSpec plain = kernel_of(bytes, Endian::little, 64 * mib);
  CHECK(refusal_of(rules_for(power.machine, value_of(adapt(power.machine, plain)), usual_sizes)) ==
        "the kernel moves to 0x0-0x3ffffff when it is entered, and would overwrite RTAS "
        "(0x3000000-0x300083b)");
  CHECK(rules_for(power.machine, value_of(adapt(power.machine, plain, always)), usual_sizes)
            .has_value());
}

TEST_CASE("a kernel that runs at one place only is put there, or refused") {
  const PowerMachine power(lpar_tree());
  const kxf::ByteVector bytes = kernel_bytes(Endian::big, 0x7c0802a6);
  kxf::KernelSpec kernel = kernel_of(bytes, Endian::big);
  kernel.window = Range::sized(64 * mib, 16 * mib);
  const Places places(power.machine, value_of(adapt(power.machine, kernel)), usual_sizes);
  CHECK(places.of("kernel") == kernel.window);
  kernel.window = Range::sized(32 * mib, 16 * mib);
  CHECK(refusal_of(rules_for(power.machine, value_of(adapt(power.machine, kernel)), usual_sizes)) ==
        "this kernel has no flag at 0x5c and was linked for 0x2000000-0x2ffffff, the only place "
        "where it runs, and segments may lie from 0x2880000 to 0x40000000");
}

TEST_CASE("without the running kernel's end, or with none of the RMA above it, nothing is placed") {
  TreeMaker tree;
  tree.cells("/", "#address-cells", {2}).cells("/", "#size-cells", {2});
  memory(tree, "/memory@0", {0, gib});
  const kxf::ByteVector bytes = kernel_bytes(Endian::little, run0);
  const kxf::KernelSpec kernel = kernel_of(bytes, Endian::little);
  CHECK(contains(refusal_of(rules_for(PowerMachine(tree).machine, kernel, usual_sizes)),
                 "where the running kernel ends is not known"));
  tree.u64("/chosen", "linux,kernel-end", gib + 0x10000);
  memory(tree, "/memory@40000000", {gib, gib});
  CHECK(refusal_of(rules_for(PowerMachine(tree).machine, kernel, usual_sizes)) ==
        "no room for a kernel: the running one ends at 0x40010000, and the end of the real mode "
        "area, the lowest memory node is at 0x40000000");
}

}  // namespace ppc64_architecture_test
