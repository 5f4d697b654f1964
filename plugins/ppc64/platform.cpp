// SPDX-License-Identifier: Apache-2.0
#include "ppc64/platform.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <kxf/crash.hpp>

#include "ppc64/cells.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::string_view take_tree_as_it_is = "take the device tree of this system as it is";

// The kernel's linear map begins here and real mode ignores these bits (Power ISA v3.0B, Book III,
// section 5.7.3).
constexpr std::uint64_t low_60_bits = (std::uint64_t{1} << 60U) - 1;

/// The whole of `text` as a hexadecimal number.
std::optional<std::uint64_t> hex_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Calls `take` with each line.
template <class Take>
void for_each_line(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    take(line);
  }
}

/// `  01000000-0285ffff : Kernel bss`: the end of the last such line; 0 when there is none, or
/// when addresses are hidden from this user.
std::uint64_t end_by_iomem(std::string_view iomem) {
  std::uint64_t kernel_end = 0;
  for_each_line(iomem, [&](std::string_view line) {
    const std::size_t dash = line.find('-');
    const std::size_t colon = line.find(" : Kernel ");
    if (dash == std::string_view::npos || colon == std::string_view::npos || colon < dash) return;
    const auto last = hex_number(line.substr(dash + 1, colon - dash - 1));
    if (last && *last != 0 && *last != UINT64_MAX) kernel_end = std::max(kernel_end, *last + 1);
  });
  return kernel_end;
}

/// Where a pair of properties, an address and a size, says that something is. Nothing when neither
/// is there; `may_lack_address`: nor when it has only a size.
Result<std::optional<Range>> pair_of(const Node& node, std::string_view base_name,
                                     std::string_view size_name, bool may_lack_address = false) {
  const bool has_base = node.has(base_name);
  const bool has_size = node.has(size_name);
  if (!has_base && (!has_size || may_lack_address)) return std::optional<Range>{};
  const auto base = node.number(base_name);
  const auto size = node.number(size_name);
  if (!base || !size)
    return refuse(fmt::format("{} has {} {} and {} {}", node.path(),
                              has_base ? base ? "a" : "an unreadable" : "no", base_name,
                              has_size ? size ? "a" : "an unreadable" : "no", size_name),
                  std::string(take_tree_as_it_is));
  if (*size > UINT64_MAX - *base)
    return refuse(fmt::format("{}: {} {} and {} {} end behind the 64-bit address space",
                              node.path(), base_name, hex(*base), size_name, hex(*size)),
                  std::string(take_tree_as_it_is));
  return std::optional(Range::sized(*base, *size));
}

void add(std::vector<MemoryRange>& found, const std::optional<Range>& range, std::string label) {
  if (range && !range->empty())
    found.push_back({*range, MemoryKind::reserved, std::move(label), {}});
}

/// Those of the host bridges at and below `node`.
Status add_tce_tables(const Node& node, std::vector<MemoryRange>& found) {
  if (node.text("device_type") == "pci") {
    KXF_TRY(table, pair_of(node, "linux,tce-base", "linux,tce-size"));
    add(found, table, fmt::format("TCE table of {}", node.path()));
  }
  for (const Node& child : node.children()) KXF_CHECK(add_tce_tables(child, found));
  return {};
}

/// `reserved-ranges` of the root with the parallel `reserved-names` (skiboot, doc/device-tree).
Status add_reserved_ranges(const Node& root, std::vector<MemoryRange>& found) {
  const auto value = root.property("reserved-ranges");
  if (!value) return {};
  KXF_TRY(ranges,
          read_ranges(*value, root.address_cells(), root.size_cells(), "reserved-ranges of /"));
  const std::vector<std::string_view> names = root.texts("reserved-names");
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::string_view name = i < names.size() ? names[i] : "without a name";
    if (name == initramfs_name) continue;
    add(found, ranges[i], fmt::format("reserved-ranges: {}", name));
  }
  return {};
}

}  // namespace

Platform platform_of(const DeviceTree& tree) {
  return tree.find("/ibm,opal") ? Platform::powernv : Platform::lpar;
}

std::string_view name_of(Platform platform) {
  return platform == Platform::powernv ? "PowerNV" : "LPAR";
}

Result<std::optional<std::uint64_t>> chosen_number(const DeviceTree& tree,
                                                   std::string_view property) {
  using Number = std::optional<std::uint64_t>;
  const auto chosen = tree.find("/chosen");
  if (!chosen || !chosen->has(property)) return Number{};
  const auto number = chosen->number(property);
  if (!number)
    return refuse(fmt::format("/chosen/{} has {} bytes, 4 or 8 make a number", property,
                              chosen->property(property)->size()),
                  std::string(take_tree_as_it_is));
  return Number(*number);
}

Result<KernelEnd> running_kernel_end(const Machine& machine) {
  if (const DeviceTree* const tree = machine.device_tree()) {
    KXF_TRY(number, chosen_number(*tree, "linux,kernel-end"));
    if (number && *number != 0) return KernelEnd{*number, "linux,kernel-end"};
  }
  if (const auto iomem = machine.read("/proc/iomem"))
    if (const std::uint64_t found = end_by_iomem(text_of(*iomem)); found != 0)
      return KernelEnd{found, "/proc/iomem"};
  if (const auto symbol = kernel_symbol(machine, "_end"))
    return KernelEnd{*symbol & low_60_bits, "_end in /proc/kallsyms"};
  return refuse(
      "where the running kernel ends is not known: /chosen has no linux,kernel-end, and neither "
      "/proc/iomem nor /proc/kallsyms tells it, so a segment might be put where the kernel refuses "
      "it",
      "run as root, with /proc mounted, or take the capture again as root");
}

Result<std::optional<Range>> rtas_range(const DeviceTree& tree) {
  const auto rtas = tree.find("/rtas");
  if (!rtas) return std::optional<Range>{};
  // rtas-size alone: nobody has put RTAS into memory yet.
  return pair_of(*rtas, "linux,rtas-base", "rtas-size", true);
}

Result<std::optional<Range>> opal_range(const DeviceTree& tree) {
  const auto opal = tree.find("/ibm,opal");
  if (!opal) return std::optional<Range>{};
  return pair_of(*opal, "opal-base-address", "opal-runtime-size");
}

Result<std::vector<MemoryRange>> tce_tables(const DeviceTree& tree) {
  std::vector<MemoryRange> found;
  KXF_CHECK(add_tce_tables(tree.root(), found));
  return found;
}

Result<std::vector<MemoryRange>> firmware_ranges(const DeviceTree& tree) {
  std::vector<MemoryRange> found;
  KXF_CHECK(add_reserved_ranges(tree.root(), found));
  KXF_TRY(rtas, rtas_range(tree));
  add(found, rtas, "RTAS");
  KXF_TRY(opal, opal_range(tree));
  add(found, opal, "OPAL");
  KXF_CHECK(add_tce_tables(tree.root(), found));
  return found;
}

}  // namespace kxf::ppc64
