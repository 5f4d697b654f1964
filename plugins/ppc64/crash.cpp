// SPDX-License-Identifier: Apache-2.0
//
// A crash kernel on Power does not start in its region alone. Its vectors are at 0, and it takes
// the first piece of memory that its tree lists for the real mode area, in which its early
// allocations lie (early_init_dt_add_memory_arch() in arch/powerpc/kernel/prom.c of Linux 6.1). So
// memory from 0 to the end of the region is declared usable; what the crashed kernel has between
// the backup and the region is reserved, which keeps it whole; and the first 64 KiB are saved by
// the purgatory before anything writes there. Firmware that it must call (RTAS, OPAL) and tables
// that firmware uses (TCE) are memory to it as well, wherever they are.
//
// It learns this from properties that stand in for others:
//
//   linux,usable-memory          in memory nodes, instead of reg: tuples of the root's cells.
//                                (0, 0) where nothing of the node is usable: an empty value would
//                                be taken for none
//   linux,drconf-usable-memory   in the dynamic reconfiguration memory: for each block a number of
//                                tuples, and these. Linux reads an entry for blocks only that are
//                                assigned and not reserved (early_init_drmem_lmb()), and so it is
//                                written here. Loaders that write one for each block, Linux' own
//                                among them, shift the entries where such blocks come first
#include "ppc64/crash.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/cpus.hpp"
#include "ppc64/drconf.hpp"
#include "ppc64/memory_nodes.hpp"
#include "ppc64/platform.hpp"
#include "ppc64/ppc64.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view topic = "crash";
constexpr std::string_view usable_name = "linux,usable-memory";
constexpr std::string_view load_crash_again = "load the kernel again";

/// PAGE_OFFSET of 64-bit server kernels, with the hash and with the radix MMU (asm/page.h).
constexpr std::uint64_t linear_map_start = 0xc000000000000000;

/// The largest page that Linux is built for: firmware is dumped in whole pages.
constexpr std::uint64_t page_bytes = 64 * 1024;

// ---- the dump -----------------------------------------------------------------------------------

/// Firmware that the crashed kernel called, as far as it is in a crash region: the rest is dumped
/// as RAM anyway.
Result<std::vector<Range>> firmware_in(const RangeSet& regions, const DeviceTree& tree) {
  std::vector<Range> firmware;
  KXF_TRY(rtas, rtas_range(tree));
  KXF_TRY(opal, opal_range(tree));
  for (const auto& range : {rtas, opal})
    if (range) firmware.push_back(*range);
  return RangeSet(std::move(firmware)).grown_to(page_bytes).intersected(regions).ranges();
}

/// Bytes of a node in a flattened tree (Devicetree Specification v0.4, section 5.4).
std::uint64_t flat_bytes(const Node& node) {
  constexpr std::uint64_t token_bytes = 4;
  constexpr std::uint64_t property_bytes = 3 * token_bytes;  // token, length, name
  const auto padded = [](std::uint64_t bytes) { return (bytes + 3) / 4 * 4; };
  std::uint64_t bytes = 2 * token_bytes + padded(node.name().size() + 1);
  for (const Property& property : node.properties())
    bytes += property_bytes + padded(property.value.size());
  return bytes;
}

/// When a CPU comes, the running kernel writes all of /cpus anew into the crash kernel's tree, in
/// the room that the segment has (arch/powerpc/kexec/crash.c since 6.10). A node of the tree is a
/// core, the machine counts threads.
std::uint64_t room_for_cores(const Machine& machine, const DeviceTree& tree) {
  const auto possible = cpu_list(machine, "possible");
  const std::vector<CpuNode> cores = cpu_nodes(tree);
  if (!possible || cores.empty()) return 0;
  std::uint64_t largest_bytes = 0;
  std::size_t fewest_threads = SIZE_MAX;
  for (const CpuNode& core : cores) {
    if (const auto node = tree.find(core.path))
      largest_bytes = std::max(largest_bytes, flat_bytes(*node));
    fewest_threads =
        std::min(fewest_threads, std::max<std::size_t>(server_numbers(tree, core.path).size(), 1));
  }
  const std::size_t most_cores = (possible->size() + fewest_threads - 1) / fewest_threads;
  return most_cores > cores.size() ? (most_cores - cores.size()) * largest_bytes : 0;
}

// ---- the tree -----------------------------------------------------------------------------------

/// All memory that the crash kernel may touch.
Result<RangeSet> usable_memory(const DeviceTree& tree, const CrashPlaces& places) {
  std::vector<Range> usable = places.regions.ranges();
  usable.push_back({0, places.home.end});
  KXF_TRY(rtas, rtas_range(tree));
  KXF_TRY(opal, opal_range(tree));
  KXF_TRY(tables, tce_tables(tree));
  for (const auto& range : {rtas, opal})
    if (range) usable.push_back(*range);
  for (const MemoryRange& table : tables) usable.push_back(table.range);
  return RangeSet(std::move(usable));
}

/// The memory of the crashed kernel that is declared usable and must stay as it is.
RangeSet crashed_memory(const Range& home, const RangeSet& regions) {
  if (home.start <= backed_up.end) return {};
  return RangeSet{Range{backed_up.end, home.start}}.minus(regions);
}

Status limit_node(TreeEditor& editor, const Node& node, const Node& root, const RangeSet& usable) {
  if (!node.has("reg")) return {};
  KXF_TRY(reg, node.reg());
  std::vector<Range> parts;
  for (const Range& range : reg) {
    const RangeSet common = usable.intersected({range});
    parts.insert(parts.end(), common.begin(), common.end());
  }
  if (parts.empty()) parts.push_back({0, 0});
  auto value = encode_ranges(parts, root.address_cells(), root.size_cells());
  if (!value) return pass(std::move(value), fmt::format("{}/{}", node.path(), usable_name));
  return editor.set(node.path(), usable_name, *value);
}

Result<ByteVector> usable_blocks(const DynamicMemory& memory, const Node& root,
                                 const RangeSet& usable) {
  ByteVector value;
  for (const Range& run : memory.runs)
    for (std::uint64_t at = run.start; at < run.end; at += memory.block_bytes) {
      const RangeSet parts = usable.intersected({Range::sized(at, memory.block_bytes)});
      KXF_CHECK(append_cells(value, parts.ranges().size(), root.size_cells()));
      KXF_TRY(tuples, encode_ranges(parts.ranges(), root.address_cells(), root.size_cells()));
      value.insert(value.end(), tuples.begin(), tuples.end());
    }
  return value;
}

Status limit_blocks(TreeEditor& editor, const DeviceTree& tree, const RangeSet& usable) {
  KXF_TRY(memory, dynamic_memory(tree));
  if (!memory) return {};
  auto value = usable_blocks(*memory, tree.root(), usable);
  if (!value) return pass(std::move(value), fmt::format("{}/{}", drconf_path, drconf_usable_name));
  return editor.set(drconf_path, drconf_usable_name, *value);
}

}  // namespace

Result<CrashLayout> crash_layout(const ArchitectureQuestion& question, Record& record) {
  const DeviceTree* const tree = question.machine.device_tree();
  if (tree == nullptr)
    return refuse(fmt::format("the memory of this machine is not known: {}",
                              question.machine.device_tree_problem()),
                  "run as root, or name a capture with --machine");
  CrashLayout layout;
  layout.elf_machine = elf_machine;
  layout.linear_map_offset = linear_map_start;
  layout.backup = backed_up;
  record.decide(std::string(topic), fmt::format("the purgatory saves {}", to_text(backed_up)),
                fmt::format("the crash kernel starts there; its first {} bytes are lost, since the "
                            "running kernel puts the crash kernel's own there",
                            hex(head_bytes)));

  KXF_TRY(firmware, firmware_in(question.memory.crash_regions(), *tree));
  layout.also_dumped = std::move(firmware);
  for (const Range& range : layout.also_dumped)
    record.decide(std::string(topic), fmt::format("{} is dumped", to_text(range)),
                  "firmware in the crash region, which the crashed kernel called");

  KXF_TRY(device_memory, coherent_device_memory(*tree));
  layout.not_dumped = std::move(device_memory);
  KXF_TRY(limit, chosen_number(*tree, "linux,memory-limit"));
  if (limit.value_or(0) != 0) layout.not_dumped.push_back({*limit, UINT64_MAX});
  for (const Range& range : layout.not_dumped)
    record.decide(std::string(topic), fmt::format("{} is not dumped", to_text(range)),
                  range.end == UINT64_MAX ? "linux,memory-limit: the running kernel has none of it"
                                          : "coherent memory of a device");
  layout.tree_room_bytes = room_for_cores(question.machine, *tree);
  return layout;
}

Status announce_crash(TreeEditor& editor, const CrashPlaces& places) {
  KXF_TRY(tree, editor.tree());
  KXF_TRY(usable, usable_memory(tree, places));
  const Node root = tree.root();
  for (const Node& node : enabled_memory_nodes(tree))
    KXF_CHECK(limit_node(editor, node, root, usable));
  KXF_CHECK(limit_blocks(editor, tree, usable));

  const std::vector<Range> listed = tree.memory_reservations();
  for (const Range& range : crashed_memory(places.home, places.regions))
    if (std::find(listed.begin(), listed.end(), range) == listed.end())
      KXF_CHECK(editor.reserve(range));
  return {};
}

Status check_crash_tree(const DeviceTree& tree, const RangeSet& regions, const Range& home) {
  Record unused;
  KXF_TRY(nodes, memory_nodes(tree, unused));
  std::vector<Range> memory;
  for (const MemoryRange& node : nodes) memory.push_back(node.range);
  const RangeSet all(std::move(memory));
  if (!all.contains(home))
    return refuse(fmt::format("the next device tree does not give all of the crash region {} to "
                              "the crash kernel",
                              to_text(home)),
                  std::string(load_crash_again));
  KXF_TRY(may_touch, usable_memory(tree, {{}, regions, home, std::nullopt}));
  const RangeSet foreign = all.minus(may_touch);
  if (!foreign.empty())
    return refuse(fmt::format("the next device tree gives the crashed kernel's memory {} to the "
                              "crash kernel",
                              to_text(foreign.ranges().front())),
                  std::string(load_crash_again));
  const RangeSet reserved(tree.memory_reservations());
  for (const Range& range : crashed_memory(home, regions))
    if (!reserved.contains(range))
      return refuse(fmt::format("the next device tree does not reserve the crashed kernel's memory "
                                "{}",
                                to_text(range)),
                    std::string(load_crash_again));
  return {};
}

}  // namespace kxf::ppc64
