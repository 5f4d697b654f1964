// SPDX-License-Identifier: Apache-2.0
#include "ppc64/reserved.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ppc64/platform.hpp"

namespace kxf::ppc64 {
namespace {

constexpr std::uint64_t page_sizes[] = {4 * 1024, 64 * 1024};

/// The initrd that the running kernel was started with.
struct OldInitrd {
  Range range;
  bool kept = false;  ///< the kernel did not free it when it had unpacked it

  /// Exactly, or the whole pages that it touches: boot loaders reserve either.
  [[nodiscard]] bool is(const Range& other) const {
    if (range.empty()) return false;
    return other == range ||
           std::any_of(std::begin(page_sizes), std::end(page_sizes), [&](std::uint64_t page) {
             return other ==
                    Range{align_down(range.start, page), align_up(range.end, page).value_or(0)};
           });
  }
};

bool has_word(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const std::string_view first = text.substr(0, text.find(' '));
    if (first == word) return true;
    text.remove_prefix(std::min(text.size(), first.size() + 1));
  }
  return false;
}

Result<OldInitrd> old_initrd(const Machine& machine, const DeviceTree& tree) {
  KXF_TRY(start, chosen_number(tree, "linux,initrd-start"));
  KXF_TRY(end, chosen_number(tree, "linux,initrd-end"));
  OldInitrd initrd;
  if (!start || !end || *start >= *end) return initrd;
  initrd.range = {*start, *end};
  if (const auto command_line = machine.read_text("/proc/cmdline"))
    initrd.kept = has_word(*command_line, "retain_initrd");
  return initrd;
}

/// Collects what must be kept out of.
class Collector {
 public:
  Collector(const Machine& machine, const DeviceTree& tree, Record& record)
      : machine_(machine), tree_(tree), record_(record) {}

  Result<std::vector<MemoryRange>> collect() {
    KXF_CHECK(add_running_kernel());
    KXF_CHECK(add_pair("linux,htab-base", "linux,htab-size", MemoryKind::reserved, "hash table"));
    KXF_CHECK(add_pair("linux,crashkernel-base", "linux,crashkernel-size", MemoryKind::crash_kernel,
                       "crash region"));
    KXF_TRY(firmware, firmware_ranges(tree_));
    found_.insert(found_.end(), firmware.begin(), firmware.end());
    KXF_CHECK(add_reserved_nodes());
    KXF_TRY(initrd, old_initrd(machine_, tree_));
    if (initrd.kept) add(initrd.range, MemoryKind::reserved, "initrd, kept by retain_initrd");
    add_reservation_block(initrd);
    return std::move(found_);
  }

 private:
  void add(const Range& range, MemoryKind kind, std::string label) {
    if (!range.empty()) found_.push_back({range, kind, std::move(label), {}});
  }

  /// From 0: below it are exception vectors and what else the kernel put there.
  Status add_running_kernel() {
    KXF_CHECK(chosen_number(tree_, "linux,kernel-end").map([](const auto&) {}));
    const auto end = running_kernel_end(machine_);
    if (!end) {
      // Placement refuses to go on without it.
      record_.decide("memory", "the running kernel is not kept out of", end.error().message);
      return {};
    }
    add({0, end->address}, MemoryKind::reserved, std::string(running_kernel_label));
    record_.decide(
        "memory", fmt::format("nothing below {}", hex(end->address)),
        fmt::format("{}: kexec_load refuses segments below the running kernel's end", end->origin));
    return {};
  }

  Status add_pair(std::string_view base_name, std::string_view size_name, MemoryKind kind,
                  std::string_view label) {
    KXF_TRY(base, chosen_number(tree_, base_name));
    KXF_TRY(size, chosen_number(tree_, size_name));
    // The kernel writes 0 and 0 for "none".
    if (size.value_or(0) == 0) return {};
    if (!base)
      return refuse(fmt::format("/chosen has {} {} and no {}", size_name, hex(*size), base_name),
                    "take the device tree of this system as it is");
    if (*size > UINT64_MAX - *base)
      return refuse(fmt::format("/chosen: {} {} and {} {} end behind the 64-bit address space",
                                base_name, hex(*base), size_name, hex(*size)),
                    "take the device tree of this system as it is");
    add(Range::sized(*base, *size), kind, std::string(label));
    return {};
  }

  /// Children of /reserved-memory (Devicetree Specification v0.4, section 3.5).
  Status add_reserved_nodes() {
    const auto parent = tree_.find("/reserved-memory");
    if (!parent) return {};
    for (const Node& node : parent->children()) {
      if (!node.is_enabled() || !node.has("reg")) continue;
      KXF_TRY(ranges, parent->has("ranges") ? node.physical_reg() : node.reg());
      for (const Range& range : ranges)
        add(range, node.has("no-map") ? MemoryKind::no_map : MemoryKind::reserved, node.path());
    }
    return {};
  }

  void add_reservation_block(const OldInitrd& initrd) {
    for (const Range& range : tree_.memory_reservations()) {
      if (initrd.is(range) && !initrd.kept)
        record_.decide("memory", fmt::format("{} not reserved", to_text(range)),
                       "it is the initrd of the running kernel, which has freed it");
      else
        add(range, MemoryKind::reserved, "/memreserve/");
    }
  }

  const Machine& machine_;
  const DeviceTree& tree_;
  Record& record_;
  std::vector<MemoryRange> found_;
};

}  // namespace

Result<std::vector<MemoryRange>> reserved_memory(const Machine& machine, const DeviceTree& tree,
                                                 Record& record) {
  return Collector(machine, tree, record).collect();
}

}  // namespace kxf::ppc64
