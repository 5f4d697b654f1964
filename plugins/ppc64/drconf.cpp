// SPDX-License-Identifier: Apache-2.0
//
// Both encodings of the table have 32-bit numbers, but for addresses, which have as many cells as
// the root says (LoPAR 2.0, the same properties; two everywhere so far):
//
//   ibm,dynamic-memory      n, then for each block: address, DRC index, reserved, associativity
//                           list index, flags
//   ibm,dynamic-memory-v2   n, then for each run of like blocks: number of blocks, address of the
//                           first, DRC index of the first, associativity list index, flags
//
// Linux reads the first if it is there, else the second (arch/powerpc/mm/drmem.c); firmware that
// gives both means the same by them.
#include "ppc64/drconf.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/cells.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view v1_name = "ibm,dynamic-memory";
constexpr std::string_view v2_name = "ibm,dynamic-memory-v2";
constexpr std::string_view remedy = "take the device tree of this system as it is";

constexpr unsigned most_cells = 4;  // of an address (Devicetree Specification v0.4, section 2.3.5)

constexpr std::uint32_t flag_assigned = 0x8;   // to this partition
constexpr std::uint32_t flag_reserved = 0x80;  // not for the operating system

/// Blocks that lie one behind the other and are alike.
struct BlockRun {
  Range range;
  std::uint64_t blocks = 0;
  std::uint32_t flags = 0;

  [[nodiscard]] bool is_ram() const {
    return (flags & flag_assigned) != 0 && (flags & flag_reserved) == 0;
  }
};

tl::unexpected<Error> inconsistent(std::string_view what) {
  return refuse(fmt::format("{} is inconsistent: {}", drconf_path, what), std::string(remedy));
}

Result<std::uint64_t> block_size(const Node& node) {
  const auto size = node.number("ibm,lmb-size");
  if (!size)
    return inconsistent(node.has("ibm,lmb-size") ? "ibm,lmb-size is no number"
                                                 : "it has no ibm,lmb-size");
  if (!is_power_of_two(*size))
    return inconsistent(fmt::format("ibm,lmb-size is {}, which is no power of two", hex(*size)));
  return *size;
}

/// One entry of a table, in the order of its encoding.
Result<BlockRun> read_entry(Cells& cells, bool runs, unsigned address_cells,
                            std::uint64_t block_bytes, std::string_view what) {
  BlockRun run;
  run.blocks = 1;
  if (runs) {
    KXF_TRY(blocks, cells.next(1));
    run.blocks = blocks;
  }
  KXF_TRY(address, cells.next(address_cells));
  // DRC index, [reserved,] associativity list index
  for (unsigned skipped = runs ? 2 : 3; skipped > 0; --skipped)
    KXF_CHECK(cells.next(1).map([](std::uint64_t) {}));
  KXF_TRY(flags, cells.next(1));
  run.flags = static_cast<std::uint32_t>(flags);
  if (address % block_bytes != 0)
    return inconsistent(
        fmt::format("{} lists a block at {}, which is no multiple of ibm,lmb-size "
                    "{}",
                    what, hex(address), hex(block_bytes)));
  if (run.blocks > (UINT64_MAX - address) / block_bytes)
    return inconsistent(
        fmt::format("{} lists {} blocks of {} from {}, which end behind the 64-bit "
                    "address space",
                    what, run.blocks, size_text(block_bytes), hex(address)));
  run.range = Range::sized(address, run.blocks * block_bytes);
  return run;
}

Result<std::vector<BlockRun>> read_table(const Node& node, std::string_view name, bool runs,
                                         unsigned address_cells, std::uint64_t block_bytes) {
  const std::string what = fmt::format("{} of {}", name, drconf_path);
  const ByteView value = *node.property(name);
  Cells cells(value, what);
  KXF_TRY(count, cells.next(1));
  const std::uint64_t entry_bytes = 4 * (std::uint64_t{address_cells} + 4);  // of either encoding
  if (value.size() - 4 != count * entry_bytes)
    return refuse(
        fmt::format("{} says that it has {} entries of {} bytes, and {} bytes follow: it "
                    "is {}",
                    what, count, entry_bytes, value.size() - 4,
                    value.size() - 4 < count * entry_bytes ? "truncated" : "longer than it says"),
        std::string(remedy));
  std::vector<BlockRun> found;
  while (!cells.at_end()) {
    KXF_TRY(run, read_entry(cells, runs, address_cells, block_bytes, what));
    found.push_back(run);
  }
  return found;
}

/// Blocks that are RAM lie beside each other, not over each other.
Status check_disjoint(const std::vector<BlockRun>& table, std::string_view name) {
  std::vector<Range> ram;
  for (const BlockRun& run : table)
    if (run.is_ram() && !run.range.empty()) ram.push_back(run.range);
  std::sort(ram.begin(), ram.end());
  for (std::size_t i = 1; i < ram.size(); ++i)
    if (ram[i].overlaps(ram[i - 1]))
      return inconsistent(fmt::format("{} lists {} and {}, which overlap", name,
                                      to_text(ram[i - 1]), to_text(ram[i])));
  return {};
}

RangeSet ram_of(const std::vector<BlockRun>& table) {
  std::vector<Range> ram;
  for (const BlockRun& run : table)
    if (run.is_ram()) ram.push_back(run.range);
  return RangeSet(std::move(ram));
}

/// For each block a number of ranges, and these: what a crash load left to the kernel that runs.
Result<RangeSet> usable_parts(ByteView value, unsigned address_cells, unsigned size_cells) {
  std::vector<Range> parts;
  Cells cells(value, fmt::format("{} of {}", drconf_usable_name, drconf_path));
  while (!cells.at_end()) {
    KXF_TRY(count, cells.next(size_cells));
    for (std::uint64_t i = 0; i < count; ++i) {
      KXF_TRY(part, cells.next_range(address_cells, size_cells));
      parts.push_back(part);
    }
  }
  return RangeSet(std::move(parts));
}

}  // namespace

Result<std::optional<DynamicMemory>> dynamic_memory(const DeviceTree& tree) {
  using Found = std::optional<DynamicMemory>;
  const auto node = tree.find(drconf_path);
  if (!node || !(node->has(v1_name) || node->has(v2_name))) return Found{};
  const Node root = tree.root();
  const unsigned address_cells = root.address_cells();
  const unsigned size_cells = root.size_cells();
  if (address_cells == 0 || address_cells > most_cells || size_cells == 0)
    return inconsistent(
        fmt::format("the root of the tree has {} cells for addresses and {} for sizes",
                    address_cells, size_cells));
  KXF_TRY(block_bytes, block_size(*node));

  DynamicMemory memory;
  memory.block_bytes = block_bytes;
  std::optional<RangeSet> ram;
  for (const std::string_view name : {v1_name, v2_name}) {
    if (!node->has(name)) continue;
    KXF_TRY(table, read_table(*node, name, name == v2_name, address_cells, block_bytes));
    KXF_CHECK(check_disjoint(table, name));
    RangeSet found = ram_of(table);
    if (ram && *ram != found)
      return inconsistent(fmt::format("{} and {} list different memory: {} and {}", v1_name,
                                      v2_name, size_text(ram->size_bytes()),
                                      size_text(found.size_bytes())));
    memory.encoding += fmt::format("{}{}", memory.encoding.empty() ? "" : " and ", name);
    memory.blocks = 0;
    for (const BlockRun& run : table) memory.blocks += run.blocks;
    memory.assigned = found.size_bytes() / block_bytes;
    if (memory.runs.empty())
      for (const BlockRun& run : table)
        if (run.is_ram() && !run.range.empty()) memory.runs.push_back(run.range);
    ram = std::move(found);
  }
  if (const auto usable = node->property(drconf_usable_name)) {
    KXF_TRY(parts, usable_parts(*usable, address_cells, size_cells));
    ram = ram->intersected(parts);
    memory.limited = true;
  }
  memory.ram = ram->ranges();
  return Found(std::move(memory));
}

}  // namespace kxf::ppc64
