// SPDX-License-Identifier: Apache-2.0
//
// 64-bit Power: from the last instruction of one kernel to the first of the next.
//
// There are two kinds of system, and both run kernels of either byte order. On an LPAR (pseries) a
// hypervisor is below the kernel; its services are hypercalls (`sc 1`) and RTAS, code of the
// firmware in the partition's own memory. On PowerNV the kernel is the hypervisor, and OPAL is the
// firmware whose code it calls. Files are those of Linux 6.1, below arch/powerpc/.
//
// How the running kernel leaves (kexec/core_64.c, kernel/misc_64.S). kexec_load has refused a
// segment that begins below the end of that kernel: its code, data and page tables are in use until
// the last segment is copied. It takes all other CPUs out of their work. On PowerNV they return to
// OPAL; on an LPAR they wait in a loop. The CPU that is left, the master,
//  1. copies the segments to where they belong
//  2. copies the first 0x100 bytes of the segment that holds the plan's entry to address 0
//  3. lets the waiting CPUs go: each enters absolute 0x60, always in big-endian mode, MMU off, its
//     interrupt server number in r3. It will stay in these 0x100 bytes until the next kernel wants
//     it
//  4. enters the plan's entry, in its own byte order, MMU off, r3 = its server number, r4 = the
//     entry's address, r5 = 0
// With the MMU off, and without a radix MMU below, a CPU of an LPAR reaches no more than the real
// mode area (RMA), the lowest memory node; so every segment lies in it.
// kexec_load knows of no device tree, so somebody in between has to name it. kexec_file_load has a
// purgatory of its own and makes the tree; there nothing of what follows is needed.
//
// What the purgatory does (purgatory/). It is a segment of the plan, and its first byte the entry.
//  - The first 0x100 bytes of it are the next kernel's own, so what step 2 copies is that kernel's
//    hold loop, in which step 3's CPUs wait for words at 0x8 and 0x10. Only the first 8 bytes
//    differ: the way into the purgatory for the master, from either byte order. A CPU in any other
//    code would run wild as soon as the next kernel copies its vectors to 0.
//  - The rest is big-endian code. It says a line on the console (a hypercall, or a call into OPAL),
//    verifies the SHA-256 of the other segments if the plan says so, and on a mismatch names the
//    segment and stays in a loop.
//    Exceptions, which a CPU in real mode takes in the first 4 KiB of memory, go to vectors that it
//    has put there meanwhile; it reports them (exceptions.c).
//  - Before a crash kernel it saves the first 64 KiB, which that kernel starts in (crash.cpp).
//  - It writes the number of the CPU it runs on into the tree (boot_cpuid_phys, offset 28): which
//    CPU makes the jump is not known before. A wrong number, and the kernel waits for itself.
//  - It has a hypervisor deliver exceptions in the next kernel's byte order (H_SET_MODE), which the
//    running kernel leaves in its own where it used the radix MMU.
//  - It enters the kernel in the kernel's byte order, MMU off: r3 = device tree, r4 = kernel,
//    r5 = 0 (Open Firmware's entry at other boots), on PowerNV r8 = OPAL's base, r9 = its entry.
//
// OPAL's firmware starts a bundle without any of that: bundle_head.S does what steps 2 and 4 do,
// and the purgatory brings the segments to their places first.
//
// What the next kernel expects (kernel/head_64.S, kernel/prom.c)
//  - itself as one piece at a multiple of 64 KiB, with room for its BSS. It then copies itself to
//    where it was linked for, 0 as a rule, unless the flag at 0x5c says that it stays
//    (run_at_load.cpp). So the initrd, the tree and the purgatory lie behind [0, its size) too
//  - the tree within the RMA, at a multiple of 8, with its own place, the initrd and all that
//    firmware owns in the reservation block (next_tree.cpp): it takes every other byte of memory at
//    once
//  - every CPU that it is to use in the tree, the one that it runs on above all (hold_loop.cpp)
//  - nothing of the running kernel's that it could take for firmware's word, such as a memory limit
//
// Before the bytes are handed over all of this is looked at once more (finished.cpp), and the plan
// against all memory that is not ours (exclusions_check.cpp): after the jump a mistake shows itself
// by silence. docs/entry-ppc64.md tells the same at length, for people who debug a jump.
#include <fmt/format.h>

#include <algorithm>

#include "ppc64/crash.hpp"
#include "ppc64/finished.hpp"
#include "ppc64/memory_nodes.hpp"
#include "ppc64/next_tree.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"
#include "ppc64/run_at_load.hpp"
#include "purgatory/blob.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::uint64_t kib = 1024;
constexpr std::uint64_t mib = 1024 * kib;

constexpr std::uint64_t command_line_bytes = 2048;  // COMMAND_LINE_SIZE, asm/setup.h
constexpr std::uint64_t segment_alignment_bytes =
    64 * kib;  // the largest page that Linux is built for
constexpr unsigned digest_parts = 4;

// Real mode ignores the top four bits of an address (Power ISA v3.0B, Book III, section 5.7.3).
constexpr std::uint64_t real_mode_end = std::uint64_t{1} << 60U;
// The tree of a boot through Open Firmware ends below it on any machine (rmo_top in
// kernel/prom_init.c), so the early code of every kernel reaches it.
constexpr std::uint64_t tree_end = 768 * mib;

constexpr SettingSpec setting_specs[] = {run_at_load_setting, purgatory::sha256_setting};

/// Where segments may lie.
struct Space {
  std::uint64_t floor = 0;   ///< of the kernel
  std::uint64_t others = 0;  ///< floor of all else: the kernel may move to below it
  std::uint64_t end = 0;
};

/// A kernel that moves overwrites what is there. The running kernel may be, firmware may not.
Status check_home(const Range& home, const DeviceTree& tree) {
  KXF_TRY(firmware, firmware_ranges(tree));
  for (const MemoryRange& range : firmware)
    if (range.range.overlaps(home))
      return refuse(fmt::format("the kernel moves to {} when it is entered, and would overwrite {} "
                                "({})",
                                to_text(home), range.label, to_text(range.range)),
                    fmt::format("set {} to always, with a kernel that can stay", run_at_load_key));
  return {};
}

/// The part of the crash region that a CPU reaches.
Result<Space> crash_space(const RangeSet& regions, Space space, std::string_view why_end,
                          Record& record) {
  if (regions.empty()) return broken("a crash load is placed without a crash region");
  const Range region = regions.ranges().back();
  if (region.start >= space.end)
    return refuse(fmt::format("the crash region {} cannot hold a kernel: it lies behind {}, {}",
                              to_text(region), hex(space.end), why_end),
                  "have the running kernel reserve it lower, such as with crashkernel=512M@128M");
  space.floor = std::max(space.floor, region.start);
  space.others = space.floor;
  space.end = std::min(space.end, region.end);
  record.decide("placement", fmt::format("from {} to {}", hex(space.floor), hex(space.end)),
                space.end < region.end
                    ? fmt::format("the crash region {}, up to {}", to_text(region), why_end)
                    : "the crash region");
  return space;
}

Result<Space> space_for(const ArchitectureQuestion& question, Record& record) {
  const DeviceTree* const tree = question.machine.device_tree();
  if (tree == nullptr)
    return refuse(fmt::format("the memory of this machine is not known: {}",
                              question.machine.device_tree_problem()),
                  "run as root, or name a capture with --machine");
  KXF_TRY(kernel_end, running_kernel_end(question.machine));
  const Platform platform = platform_of(*tree);
  Space space{kernel_end.address, kernel_end.address, real_mode_end};
  std::string why_end = "what a CPU reaches with the MMU off";
  if (platform == Platform::lpar) {
    KXF_TRY(lowest, lowest_memory(*tree));
    space.end = lowest.end;
    why_end = "the end of the real mode area, the lowest memory node";
  }
  const std::optional<Range> home = home_of(question.kernel);
  if (home && home->start == 0) {
    KXF_CHECK(check_home(*home, *tree));
    space.others = std::max(space.others, home->end);
  }
  if (question.crash) return crash_space(question.memory.crash_regions(), space, why_end, record);
  if (space.floor >= space.end)
    return refuse(fmt::format("no room for a kernel: the running one ends at {}, and {} is at {}",
                              hex(space.floor), why_end, hex(space.end)),
                  "give the partition more memory at its start");
  record.decide("placement", fmt::format("from {} to {}", hex(space.floor), hex(space.end)),
                fmt::format("{}: {}; {}", name_of(platform), kernel_end.origin, why_end));
  return space;
}

Result<PlacementRule> kernel_rule(const KernelSpec& kernel, std::uint64_t alignment,
                                  const Space& space) {
  PlacementRule rule;
  rule.name = "kernel";
  rule.size_bytes = kernel.memory_size;
  rule.alignment = std::max(kernel.base_alignment, alignment);
  rule.offset = kernel.base_offset;
  rule.window = {space.floor, space.end};
  const std::optional<Range> home = home_of(kernel);
  if (!home || home->start == 0) return rule;
  if (!rule.window.contains(*home))
    return refuse(
        fmt::format("this kernel has no flag at {} and was linked for {}, the only place "
                    "where it runs, and segments may lie from {} to {}",
                    hex(run_at_load_offset), to_text(*home), hex(space.floor), hex(space.end)),
        "use a kernel with CONFIG_RELOCATABLE");
  rule.window = *home;
  return rule;
}

class Ppc64 final : public Architecture {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "ppc64"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "64-bit Power, pseries and PowerNV, either byte order";
  }
  [[nodiscard]] std::span<const SettingSpec> settings() const noexcept override {
    return setting_specs;
  }
  [[nodiscard]] bool handles(const MachineFacts& facts) const noexcept override {
    return facts.hardware == "ppc64le" || facts.hardware == "ppc64";
  }
  /// Only server firmware numbers threads so (PAPR, and skiboot alike).
  [[nodiscard]] bool handles_tree(const DeviceTree& tree) const noexcept override {
    const std::optional<Node> cpus = tree.find("/cpus");
    const std::vector<Node> nodes = cpus ? cpus->children() : std::vector<Node>{};
    return std::any_of(nodes.begin(), nodes.end(),
                       [](const Node& node) { return node.has("ibm,ppc-interrupt-server#s"); });
  }
  [[nodiscard]] ArchitectureTraits traits() const noexcept override {
    ArchitectureTraits traits;
    traits.kexec_arch = elf_machine;
    traits.command_line_limit = command_line_bytes;
    traits.segment_alignment = segment_alignment_bytes;
    traits.memory_sources = {std::string(memory_source_name), "iomem"};
    traits.enable_method = enable_method_name;
    traits.reserve_tree = true;
    traits.digest_parts = digest_parts;
    // All CPUs but one stay down: each more costs memory of a region that may be small. Interrupts
    // are not spread over them, and drivers reset devices that nobody shut down.
    traits.crash_command_line = "maxcpus=1 noirqdistrib reset_devices";
    traits.core_header_parameter = "elfcorehdr";
    traits.file_load_verifies = true;  // by a purgatory of its own, arch/powerpc/purgatory
    traits.hotplug_rewrites_tree = true;
    traits.leaves_breadcrumb = true;
    return traits;
  }

  [[nodiscard]] Result<KernelSpec> adapt_kernel(const ArchitectureQuestion& question,
                                                Record& record) const noexcept override {
    const KernelSpec& kernel = question.kernel;
    const MachineFacts& facts = question.machine.facts();
    if (kernel.machine != "ppc64")
      return refuse(
          fmt::format("the image is for {}, this machine is {}", kernel.machine, facts.hardware),
          "use a kernel for 64-bit Power");
    KXF_TRY(policy, run_at_load_policy(question.settings));
    KXF_TRY(adapted, with_run_at_load(kernel, policy, question.crash, record));
    if (kernel.endian != facts.endian)
      record.decide("byte order", std::string(name_of(kernel.endian)),
                    fmt::format("the image's; the running kernel is {}-endian, and the purgatory "
                                "is entered in one and leaves in the other",
                                name_of(facts.endian)));
    const std::string problem = file_load_problem(adapted, facts.endian, question.crash);
    if (adapted.file_load && !problem.empty()) {
      adapted.file_load = false;
      adapted.file_load_reason = problem;
    }
    return std::move(adapted);
  }

  [[nodiscard]] Result<std::vector<PlacementRule>> placement_rules(
      const ArchitectureQuestion& question, const SegmentSizes& sizes,
      Record& record) const noexcept override {
    const std::uint64_t alignment =
        std::max(question.machine.facts().page_size_bytes, segment_alignment_bytes);
    KXF_TRY(space, space_for(question, record));
    KXF_TRY(kernel, kernel_rule(question.kernel, alignment, space));
    std::vector<PlacementRule> rules{kernel};
    const auto add = [&](std::string name, std::uint64_t size, const Range& window,
                         PlacementRule::Preference preference) {
      PlacementRule rule;
      rule.name = std::move(name);
      rule.size_bytes = size;
      rule.alignment = alignment;
      rule.window = window;
      rule.preference = preference;
      rules.push_back(std::move(rule));
    };
    const Range behind{space.others, space.end};
    Range low = behind;
    // A kernel that was itself loaded high has nothing below, nor has a crash region there.
    if (space.others <= tree_end - std::min(tree_end, sizes.tree))
      low.end = std::min(low.end, tree_end);
    if (sizes.initrd != 0) add("initrd", sizes.initrd, behind, PlacementRule::Preference::lowest);
    add("dtb", sizes.tree, low, PlacementRule::Preference::highest);
    add("purgatory", sizes.purgatory, behind, PlacementRule::Preference::lowest);
    return rules;
  }

  [[nodiscard]] Status adjust_tree(TreeEditor& editor, const ArchitectureQuestion& question,
                                   Record& record) const noexcept override {
    return adjust_next_tree(editor, question, record);
  }

  [[nodiscard]] Result<CrashLayout> crash_layout(const ArchitectureQuestion& question,
                                                 Record& record) const noexcept override {
    return ppc64::crash_layout(question, record);
  }

  [[nodiscard]] Status announce_crash(TreeEditor& editor,
                                      const CrashPlaces& places) const noexcept override {
    return ppc64::announce_crash(editor, places);
  }

  [[nodiscard]] Result<PurgatoryImage> purgatory(
      const PurgatoryQuestion& question) const noexcept override {
    return make_purgatory(question);
  }

  [[nodiscard]] Result<ByteVector> bundle_head(
      const BundleQuestion& question) const noexcept override {
    return make_bundle_head(question);
  }

  [[nodiscard]] Status check_finished(const FinishedQuestion& finished) const noexcept override {
    return check_finished_plan(finished);
  }
};

}  // namespace

const Architecture& architecture() {
  static const Ppc64 ppc64;
  return ppc64;
}

}  // namespace kxf::ppc64
