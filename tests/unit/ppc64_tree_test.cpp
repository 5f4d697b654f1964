// SPDX-License-Identifier: Apache-2.0
#include "ppc64_scene.hpp"

namespace ppc64_tree_test {
namespace {

using kxf::Range;
using kxf_test::MapMachine;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

/// The tree that a kernel gets on this machine, with what was decided on the way.
kxf::DeviceTree adjusted(const MapMachine& machine, kxf::Record& record) {
  kxf::TreeEditor editor(*machine.tree);
  const kxf::KernelSpec kernel;
  const kxf::MemoryMap map;
  const auto status =
      kxf::ppc64::architecture().adjust_tree(editor, {machine, kernel, map, automatic}, record);
  REQUIRE_MESSAGE(status.has_value(), (status ? "" : status.error().message));
  return editor.tree().value();
}

kxf::DeviceTree adjusted(const TreeMaker& tree) {
  const PowerMachine power(tree);
  kxf::Record record;
  return adjusted(power.machine, record);
}

bool reserves(const kxf::DeviceTree& tree, const Range& range) {
  const std::vector<Range> all = tree.memory_reservations();
  return std::count(all.begin(), all.end(), range) == 1;
}

}  // namespace

TEST_CASE("what the running kernel wrote for itself is dropped from /chosen, with reasons") {
  TreeMaker tree = lpar_tree();
  for (const char* name : {"linux,htab-base", "linux,htab-size", "linux,crashkernel-base",
                           "linux,crashkernel-size", "linux,memory-limit"})
    tree.u64("/chosen", name, 0x10000000);
  tree.text("/chosen", "linux,stdout-path", "/vdevice/vty@71000000");
  const PowerMachine power(tree);
  kxf::Record record;
  const auto next = adjusted(power.machine, record);
  const auto chosen = next.find("/chosen");
  REQUIRE(chosen.has_value());
  REQUIRE(chosen->properties().size() == 1);
  CHECK(chosen->properties()[0].name == "linux,stdout-path");
  CHECK(decided(record, "dropped /chosen/linux,kernel-end"));
  CHECK(decided(record, "dropped /chosen/linux,memory-limit"));
}

TEST_CASE("the successor of a kdump kernel gets all memory again") {
  TreeMaker tree = lpar_tree();
  tree.cells("/memory@0", "linux,usable-memory", wide({0, gib / 2}));
  tree.cells("/ibm,dynamic-reconfiguration-memory", "linux,drconf-usable-memory", wide({0}));
  const Range crashed{0x10000, 0x20000000};
  const Range other{0x30000000, 0x30010000};
  tree.reserve(crashed).reserve(other);
  const auto next = adjusted(tree);
  CHECK_FALSE(reserves(next, crashed));
  CHECK(reserves(next, other));
  CHECK(reserves(adjusted(lpar_tree().reserve(crashed)), crashed));  // not a kdump kernel
  CHECK_FALSE(next.find("/memory@0")->has("linux,usable-memory"));
  CHECK(next.find("/memory@0")->has("reg"));
  CHECK_FALSE(next.find("/ibm,dynamic-reconfiguration-memory")->has("linux,drconf-usable-memory"));
}

TEST_CASE("host bridges are numbered anew, wherever they are, and keep all else") {
  TreeMaker tree = lpar_tree();
  tree.cells("/pci@800000020000000", "linux,pci-domain", {0, 1});
  tree.cells("/pci@800000020000000", "phandle", {0x1234});
  tree.cells("/a/b/pci@1", "linux,pci-domain", {0, 2});
  const auto next = adjusted(tree);
  CHECK_FALSE(next.find("/pci@800000020000000")->has("linux,pci-domain"));
  CHECK(next.find("/pci@800000020000000")->u32("phandle") == 0x1234);
  CHECK_FALSE(next.find("/a/b/pci@1")->has("linux,pci-domain"));
}

TEST_CASE("all that firmware owns is in the reservation block, once") {
  const Range rtas{rtas_base, rtas_base + 0x83c};
  CHECK(reserves(adjusted(lpar_tree()), rtas));
  CHECK(reserves(adjusted(lpar_tree().reserve(rtas)), rtas));

  TreeMaker tree = powernv_tree();
  tree.cells("/", "reserved-ranges",
             wide({0x39c00000, 0xa40000, 0x3c000000, 0x1000, opal_base, 0x2c00000}));
  tree.text("/", "reserved-names",
            list_of({"ibm,firmware-allocs", "linux,initramfs", "ibm,firmware-heap"}));
  const auto next = adjusted(tree);
  CHECK(reserves(next, {0x39c00000, 0x3a640000}));
  CHECK(reserves(next, {opal_base, opal_base + 0x2c00000}));
  CHECK_FALSE(reserves(next, {0x3c000000, 0x3c001000}));
  CHECK(next.memory_reservations().size() == 2);
  CHECK(next.root().has("reserved-ranges"));
}

TEST_CASE("the boot CPU is the running tree's until the purgatory knows better") {
  const PowerMachine power(lpar_tree());
  kxf::TreeEditor editor(*power.machine.tree);
  editor.set_boot_cpu(0x58);
  const kxf::KernelSpec kernel;
  const kxf::MemoryMap map;
  kxf::Record record;
  REQUIRE(kxf::ppc64::architecture()
              .adjust_tree(editor, {power.machine, kernel, map, automatic}, record)
              .has_value());
  CHECK(editor.tree().value().boot_cpu() == 0x58);
}

TEST_CASE("firmware that contradicts itself is refused") {
  TreeMaker tree = bare_tree();
  tree.cells("/rtas", "linux,rtas-base", {rtas_base});
  const PowerMachine power(tree);
  kxf::TreeEditor editor(*power.machine.tree);
  const kxf::KernelSpec kernel;
  const kxf::MemoryMap map;
  kxf::Record record;
  CHECK(contains(refusal_of(kxf::ppc64::architecture().adjust_tree(
                     editor, {power.machine, kernel, map, automatic}, record)),
                 "/rtas has a linux,rtas-base and no rtas-size"));
}

}  // namespace ppc64_tree_test
