// SPDX-License-Identifier: Apache-2.0
#include "plan/device_at.hpp"

#include <algorithm>
#include <array>

#include "devicetree/cells.hpp"

namespace kxf {
namespace {

/// What has a `reg` and is no device (Devicetree Specification v0.4, chapter 3).
bool is_no_device(const Node& node) {
  constexpr std::array<std::string_view, 5> names{"aliases", "chosen", "cpus", "memory",
                                                  "reserved-memory"};
  const std::string_view name = node.name().substr(0, node.name().find('@'));
  const auto parent = node.parent();
  return parent && !parent->parent() && std::ranges::find(names, name) != names.end();
}

class Search {
 public:
  explicit Search(std::uint64_t phys_address) : address_(phys_address) {}

  /// Look at a node and all below it; ends where the address is found.
  void visit(const Node& node) {
    if (is_no_device(node)) return;
    if (const auto reg = node.physical_reg())
      for (const Range& range : *reg) look(range);
    if (node.text("device_type") == "pci") visit_windows(node);
    for (const Node& child : node.children()) {
      if (found_) return;
      visit(child);
    }
  }

  [[nodiscard]] DeviceAt verdict() const {
    if (found_) return DeviceAt::yes;
    return any_ && !unclear_ ? DeviceAt::no : DeviceAt::unknown;
  }

 private:
  void look(const Range& range) {
    any_ = any_ || !range.empty();
    found_ = found_ || range.contains(address_);
  }

  /// Registers on PCI are in no `reg`: the bridge's `ranges` say where they may be.
  void visit_windows(const Node& bridge) {
    const auto ranges = bridge.property("ranges");
    const auto parent = bridge.parent();
    if (!ranges || !parent) return;
    // An address of the parent's bus is the CPU's only where no bus is between.
    if (parent->parent()) {
      unclear_ = true;
      return;
    }
    const std::uint64_t tuple =
        std::uint64_t{bridge.address_cells()} + parent->address_cells() + bridge.size_cells();
    const auto count = count_tuples(*ranges, tuple, "ranges");
    if (!count) return;
    CellReader cells(*ranges);
    for (std::uint64_t i = 0; i < *count; ++i) {
      static_cast<void>(cells.next(bridge.address_cells()));
      const auto start = cells.next(parent->address_cells());
      const auto size = cells.next(bridge.size_cells());
      if (start && size) look(Range::sized(*start, *size));
    }
  }

  std::uint64_t address_;
  bool found_ = false;
  bool any_ = false;
  bool unclear_ = false;
};

}  // namespace

DeviceAt device_at(const DeviceTree& tree, std::uint64_t phys_address) {
  Search search(phys_address);
  search.visit(tree.root());
  return search.verdict();
}

}  // namespace kxf
