// SPDX-License-Identifier: Apache-2.0
#include "ppc64_scene.hpp"

namespace ppc64_exclusions_test {
namespace {

using kxf::Range;
using kxf_test::TreeMaker;
using namespace kxf_test::power;

/// A plan whose memory map trusts /proc/iomem: all of it is RAM.
kxf::LoadPlan plan_with(const Range& where, const kxf::DeviceTree& next,
                        kxf::Backend backend = kxf::Backend::kexec_load) {
  kxf::PlanParts parts;
  parts.arch = "ppc64";
  parts.kexec_arch = 21;
  parts.page_size_bytes = 64 * kib;
  parts.backend = backend;
  parts.memory = kxf::MemoryMap({{{0, 8 * gib}, kxf::MemoryKind::ram, "System RAM", "iomem"}}, {});
  const bool placed = backend == kxf::Backend::kexec_load;
  parts.segments = {{"kernel", kxf::Blob(kxf::ByteVector(100)), placed ? where : Range{}}};
  if (placed) {
    parts.entry = where.start;
    parts.segments.push_back(
        {"dtb", kxf::Blob(kxf_test::bytes_of_tree(next)), {0x20000000, 0x20010000}});
  }
  return value_of(kxf::LoadPlan::make(std::move(parts)));
}

std::vector<kxf::BoardFinding> findings(const PowerMachine& power, const Range& where) {
  return kxf::ppc64::exclusions_check().check(power.machine, plan_with(where, *power.machine.tree));
}

/// The only finding, a refusal.
std::string refusal(const TreeMaker& tree, const Range& where) {
  const auto found = findings(PowerMachine(tree), where);
  REQUIRE(found.size() == 1);
  CHECK(found[0].refuse);
  CHECK_FALSE(found[0].remedy.empty());
  return found[0].text;
}

constexpr std::uint64_t page = 64 * kib;

}  // namespace

TEST_CASE("a plan in free memory is let through") {
  CHECK(findings(PowerMachine(lpar_tree()), {kernel_end, kernel_end + page}).empty());
  CHECK(findings(PowerMachine(powernv_tree()), {gib, gib + page}).empty());
}

TEST_CASE("what the running kernel would refuse is refused with the reason") {
  CHECK(refusal(lpar_tree(), {kernel_end - page, kernel_end}) ==
        "segment kernel (0x2870000-0x287ffff) begins below the running kernel's end 0x2880000, "
        "where kexec_load refuses it (ETXTBSY)");
  TreeMaker tree = lpar_tree();
  tree.text("/pci@1", "device_type", "pci").u64("/pci@1", "linux,tce-base", 0x10008000);
  tree.cells("/pci@1", "linux,tce-size", {0x1000});
  CHECK(refusal(tree, {0x10000000, 0x10010000}) ==
        "segment kernel (0x10000000-0x1000ffff) overlaps TCE table of /pci@1 "
        "(0x10008000-0x10008fff), where kexec_load refuses it (ETXTBSY)");
}

TEST_CASE("firmware and what it keeps are refused by name") {
  CHECK(contains(refusal(lpar_tree(), {rtas_base, rtas_base + page}), "overlaps RTAS"));
  CHECK(contains(refusal(powernv_tree(), {opal_base, opal_base + page}), "overlaps OPAL"));
  TreeMaker crash = lpar_tree();
  crash.u64("/chosen", "linux,crashkernel-base", 0x10000000);
  crash.u64("/chosen", "linux,crashkernel-size", 0x8000000);
  CHECK(contains(refusal(crash, {0x17ff0000, 0x18000000}), "overlaps crash region"));
  CHECK(contains(refusal(lpar_tree().reserve({0x10000000, 0x10000001}), {0x10000000, 0x10010000}),
                 "overlaps /memreserve/ (0x10000000-0x10000000)"));
}

TEST_CASE("what the CPU does not reach in real mode is refused on an LPAR only") {
  CHECK(contains(refusal(lpar_tree(), {gib, gib + page}),
                 "is not inside the real mode area 0x0-0x3fffffff"));
  CHECK(findings(PowerMachine(powernv_tree()), {gib, gib + page}).empty());
}

TEST_CASE("a plan that the kernel itself will place is not judged") {
  const PowerMachine power(bare_tree());  // without memory, which would be refused
  CHECK_FALSE(findings(power, {kernel_end, kernel_end + page}).empty());
  CHECK(kxf::ppc64::exclusions_check()
            .check(power.machine, plan_with({}, *power.machine.tree, kxf::Backend::kexec_file_load))
            .empty());
}

TEST_CASE("the CPU that makes the jump must be in the next tree, the others should") {
  PowerMachine power(lpar_tree());
  TreeMaker maker = lpar_tree();
  core(maker, "/cpus/PowerPC,POWER9@0", {0x40});
  const auto without_first = kxf::ppc64::exclusions_check().check(
      power.machine, plan_with({kernel_end, kernel_end + page}, maker.done()));
  REQUIRE(without_first.size() == 1);
  CHECK(without_first[0].refuse);
  CHECK(contains(without_first[0].text, "CPU 0 makes the jump, and its number 0x0 is not in the"));

  power.machine.files["/sys/kernel/reboot/cpu"] = "1\n";
  const auto without_other = kxf::ppc64::exclusions_check().check(
      power.machine, plan_with({kernel_end, kernel_end + page}, maker.done()));
  REQUIRE(without_other.size() == 1);
  CHECK_FALSE(without_other[0].refuse);
  CHECK(without_other[0].id == "cpus-not-in-next-tree");
  CHECK(contains(without_other[0].text, "(CPU 0)"));
}

}  // namespace ppc64_exclusions_test
