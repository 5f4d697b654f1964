// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "devicetree/cells.hpp"
#include "memory/discovery.hpp"
#include "memory/page_size.hpp"

namespace kxf {

namespace {

/// Collects what one tree says about memory.
class TreeReader {
 public:
  TreeReader(const DeviceTree& tree, std::uint64_t page_size_bytes, Record& record)
      : tree_(tree), page_size_bytes_(page_size_bytes), record_(record) {}

  Result<MemoryFindings> read() {
    KXF_CHECK(read_ram());
    KXF_CHECK(limit_ram());
    KXF_CHECK(read_reserved_memory());
    read_memory_reservations();
    return std::move(findings_);
  }

 private:
  void add(const Range& range, MemoryKind kind, std::string label) {
    if (!range.empty()) findings_.ranges.push_back({range, kind, std::move(label), {}});
  }

  [[nodiscard]] Result<std::vector<Range>> root_ranges(ByteView value,
                                                       std::string_view what) const {
    return ranges_of_cells(value, tree_.root().address_cells(), tree_.root().size_cells(), what);
  }

  /// Children of the root with device_type "memory" (Devicetree Specification v0.4, section 3.4).
  Status read_ram() {
    const auto chosen = tree_.find("/chosen");
    if (chosen && chosen->has("linux,uefi-mmap-start")) {
      // The stub removes memory nodes; where some are left, the kernel drops what they say and
      // takes the UEFI memory map (efi_init() in drivers/firmware/efi).
      findings_.silence = "the system was started by UEFI, whose memory map counts instead";
      return {};
    }
    bool any_node = false;
    for (const Node& node : tree_.root().children()) {
      if (node.text("device_type") != "memory" || !node.is_enabled()) continue;
      any_node = true;
      // A kdump kernel may be told so which part of the node it may use.
      const auto usable = node.property("linux,usable-memory");
      KXF_TRY(ranges,
              usable ? root_ranges(*usable, fmt::format("linux,usable-memory of {}", node.path()))
                     : node.reg());
      if (usable)
        record_.decide("memory", fmt::format("only linux,usable-memory of {}", node.path()),
                       "the running kernel was limited to it");
      for (const Range& range : ranges) add(range, MemoryKind::ram, node.path());
    }
    if (findings_.ranges.empty())
      findings_.silence = any_node ? "the memory nodes of the device tree are empty"
                                   : "the device tree has no memory node";
    return {};
  }

  /// A capture kernel sees only its own part of RAM: `linux,usable-memory-range` in /chosen.
  Status limit_ram() {
    const auto chosen = tree_.find("/chosen");
    const auto value = chosen ? chosen->property("linux,usable-memory-range") : std::nullopt;
    if (!value || findings_.ranges.empty()) return {};
    KXF_TRY(limits, root_ranges(*value, "linux,usable-memory-range of /chosen"));
    std::string list;
    for (const Range& limit : limits)
      list += fmt::format("{}{}", list.empty() ? "" : ", ", to_text(limit));
    const RangeSet allowed(limits);
    std::vector<MemoryRange> kept;
    for (const MemoryRange& ram : findings_.ranges) {
      // Not every limit with every range: there may be many of both.
      auto limit = std::ranges::upper_bound(allowed, ram.range.start, {}, &Range::end);
      for (; limit != allowed.end() && limit->start < ram.range.end; ++limit)
        kept.push_back({ram.range.intersection(*limit), ram.kind, ram.label, {}});
    }
    findings_.ranges = std::move(kept);
    if (findings_.ranges.empty())
      findings_.silence = "linux,usable-memory-range leaves nothing of the memory nodes";
    record_.decide("memory", fmt::format("only {}", list),
                   "the running kernel was limited to it by linux,usable-memory-range");
    return {};
  }

  /// Children of /reserved-memory (section 3.5).
  Status read_reserved_memory() {
    const auto parent = tree_.find("/reserved-memory");
    if (!parent) return {};
    std::string dynamic;
    for (const Node& node : parent->children()) {
      if (!node.is_enabled()) continue;
      if (!node.has("reg")) {
        dynamic += fmt::format("{}{}", dynamic.empty() ? "" : ", ", node.path());
        continue;
      }
      // `ranges` is mandatory here; where it is missing the addresses are still meant as the
      // CPU's, and to keep out of them can do no harm.
      KXF_TRY(ranges, parent->has("ranges") ? node.physical_reg() : node.reg());
      const MemoryKind kind = node.has("no-map") ? MemoryKind::no_map : MemoryKind::reserved;
      for (const Range& range : ranges) add(range, kind, node.path());
    }
    if (!dynamic.empty())
      record_.decide("memory", fmt::format("{} reserved nowhere", dynamic),
                     "without reg, each kernel places such memory anew when it boots");
    return {};
  }

  /// `/memreserve/`. The running kernel's initrd stands there too, and the next kernel has no use
  /// for it. An entry for the running tree's own blob cannot be told from firmware's entries, as
  /// nothing says where the blob lies, and stays.
  void read_memory_reservations() {
    const std::vector<Range> initrd = initrd_ranges();
    for (const Range& range : tree_.memory_reservations()) {
      if (std::ranges::find(initrd, range) != initrd.end())
        record_.decide("memory", fmt::format("{} not reserved", to_text(range)),
                       "it is the initrd of the running kernel");
      else
        add(range, MemoryKind::reserved, "/memreserve/");
    }
  }

  /// Exactly the initrd, and the whole pages that it touches: boot loaders write either. Empty when
  /// there is none.
  [[nodiscard]] std::vector<Range> initrd_ranges() const {
    const auto chosen = tree_.find("/chosen");
    if (!chosen) return {};
    const auto start = chosen->number("linux,initrd-start");
    const auto end = chosen->number("linux,initrd-end");
    if (!start || !end || *start >= *end) return {};
    return {{*start, *end},
            {align_down(*start, page_size_bytes_),
             align_up(*end, page_size_bytes_).value_or(UINT64_MAX)}};
  }

  const DeviceTree& tree_;
  std::uint64_t page_size_bytes_;
  Record& record_;
  MemoryFindings findings_;
};

class DeviceTreeSource final : public MemorySource {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "dt"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "memory nodes, reserved-memory and /memreserve/ of the running device tree";
  }

  [[nodiscard]] Result<MemoryFindings> discover(const Machine& machine,
                                                Record& record) const noexcept override {
    const DeviceTree* const tree = machine.device_tree();
    if (tree == nullptr) {
      const std::string problem = machine.device_tree_problem();
      return MemoryFindings{{}, problem.empty() ? "this system has no device tree" : problem};
    }
    return TreeReader(*tree, page_size_or_default(machine), record).read();
  }
};

}  // namespace

const MemorySource& device_tree_memory_source() {
  static const DeviceTreeSource source;
  return source;
}

}  // namespace kxf
