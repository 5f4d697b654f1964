// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

class DeviceTree;

/// One property of a Node; its views live as long as any copy of the tree.
struct Property {
  std::string_view name;
  ByteView value;
};

/// One node of a DeviceTree. Cheap to copy; valid as long as any copy of its tree lives.
/// Terms are those of the Devicetree Specification v0.4.
class KXF_API Node {
 public:
  [[nodiscard]] std::string_view name() const noexcept;  ///< with the unit address: `cpu@0`
  [[nodiscard]] std::string path() const;                ///< `/cpus/cpu@0`
  [[nodiscard]] std::optional<Node> parent() const;      ///< nothing for the root
  [[nodiscard]] std::vector<Node> children() const;      ///< in the order of the blob
  [[nodiscard]] std::optional<Node> child(std::string_view name) const;

  [[nodiscard]] std::vector<Property> properties() const;  ///< in the order of the blob
  [[nodiscard]] bool has(std::string_view property) const noexcept;
  /// The raw value; empty bytes for a property without one; nothing when it is absent.
  [[nodiscard]] std::optional<ByteView> property(std::string_view name) const noexcept;
  /// The first string of a value that is terminated as it should be.
  [[nodiscard]] std::optional<std::string_view> text(std::string_view property) const noexcept;
  /// All strings of a string list; empty when absent or malformed.
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view property) const;
  /// A one-cell value.
  [[nodiscard]] std::optional<std::uint32_t> u32(std::string_view property) const noexcept;
  /// A number of one or two cells, whichever the value is long.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view property) const noexcept;

  [[nodiscard]] bool is_compatible(std::string_view name) const;
  /// `status` is absent, "okay" or "ok" (section 2.3.4).
  [[nodiscard]] bool is_enabled() const noexcept;

  /// This node's own `#address-cells` and `#size-cells`: what they mean for its children. Missing
  /// ones are 2 and 1 (section 2.3.5).
  [[nodiscard]] unsigned address_cells() const noexcept;
  [[nodiscard]] unsigned size_cells() const noexcept;

  /// Every tuple of `reg` in the parent's address space; a size of zero cells gives empty ranges
  /// that keep their start. Numbers wider than 64 bits keep their low 64 bits only when the rest
  /// is zero.
  /// Errors: a length that is no multiple of the tuple, a number that does not fit.
  [[nodiscard]] Result<std::vector<Range>> reg() const;

  /// reg(), translated to CPU physical addresses through `ranges` of every bus above (an empty
  /// `ranges` is the identity; section 2.3.8).
  /// Errors: as reg(); a bus without `ranges`; an address that no entry maps.
  [[nodiscard]] Result<std::vector<Range>> physical_reg() const;

 private:
  friend class DeviceTree;
  Node(std::shared_ptr<const ByteVector> blob, int offset,
       std::shared_ptr<const Node> parent = nullptr)
      : blob_(std::move(blob)), offset_(offset), parent_(std::move(parent)) {}

  std::shared_ptr<const ByteVector> blob_;
  int offset_;
  /// Kept where the way to this node led through it: the blob itself has no way up, so that without
  /// it parent() and path() walk through all nodes in front. Never so many that destroying the
  /// chain runs deep: nesting is limited.
  std::shared_ptr<const Node> parent_;
};

/// A flattened device tree that has been checked as a whole (libfdt's fdt_check_full). Immutable;
/// copies share the blob.
class KXF_API DeviceTree {
 public:
  /// Largest blob that is accepted: 2 MiB is what boot protocols allow, and no board is near.
  static constexpr std::uint64_t max_size_bytes = 2U << 20U;

  /// `origin` names the blob in messages: a path, or "the running system".
  /// Errors: not a device tree, truncated, malformed (which check failed), over max_size_bytes
  /// once packed.
  [[nodiscard]] static Result<DeviceTree> parse(ByteView blob, std::string_view origin);

  /// Packed: without slack at the end.
  [[nodiscard]] ByteView blob() const noexcept { return *blob_; }

  [[nodiscard]] Node root() const;
  /// By full path or by alias (`/soc/serial@9000000`, `serial0`). Nothing when there is none.
  [[nodiscard]] std::optional<Node> find(std::string_view path) const;
  /// All nodes with this `compatible`, in the order of the blob, disabled ones included.
  [[nodiscard]] std::vector<Node> compatible_with(std::string_view name) const;
  /// `compatible` of the root: the board's names, most specific first.
  [[nodiscard]] std::vector<std::string_view> board() const;
  [[nodiscard]] std::string_view model() const;  ///< of the root; empty when it has none

  [[nodiscard]] std::vector<Range> memory_reservations() const;  ///< the `/memreserve/` block
  [[nodiscard]] std::uint32_t boot_cpu() const noexcept;         ///< boot_cpuid_phys

 private:
  explicit DeviceTree(std::shared_ptr<const ByteVector> blob) : blob_(std::move(blob)) {}
  std::shared_ptr<const ByteVector> blob_;
};

/// Append `value` as so many cells, big-endian words of 32 bits (section 2.2.4).
/// Errors: it does not fit; more cells than a tree may hold.
[[nodiscard]] KXF_API Status append_cells(ByteVector& out, std::uint64_t value, unsigned cells);

/// (address, size) tuples as `reg` and properties like it hold them (section 2.3.6): what
/// Node::reg() reads.
/// Errors: an address or a size that does not fit its cells.
[[nodiscard]] KXF_API Result<ByteVector> encode_ranges(std::span<const Range> ranges,
                                                       unsigned address_cells, unsigned size_cells);

/// A device tree that is being changed: the next kernel's. It grows as needed. Values are raw
/// bytes; numbers are written big-endian, as the specification wants.
class KXF_API TreeEditor {
 public:
  explicit TreeEditor(const DeviceTree& tree);

  /// Set a property; the node is created (with its parents) when `path` does not exist.
  /// Errors: a path that is not absolute or an invalid name.
  [[nodiscard]] Status set(std::string_view path, std::string_view property, ByteView value);
  [[nodiscard]] Status set_text(std::string_view path, std::string_view property,
                                std::string_view value);
  [[nodiscard]] Status set_u32(std::string_view path, std::string_view property,
                               std::uint32_t value);
  [[nodiscard]] Status set_u64(std::string_view path, std::string_view property,
                               std::uint64_t value);

  /// Delete a property or a node with its children. Returns whether it was there.
  bool remove_property(std::string_view path, std::string_view property);
  bool remove_node(std::string_view path);

  /// Add to the `/memreserve/` block.
  [[nodiscard]] Status reserve(const Range& range);
  /// Drop the entries of the `/memreserve/` block that are exactly `range`; says how many.
  unsigned unreserve(const Range& range);
  void unreserve_all();

  /// Apply a device tree overlay (`.dtbo`).
  /// Errors: not an overlay, no `__symbols__` in the base, a target that is missing.
  [[nodiscard]] Status apply_overlay(ByteView overlay, std::string_view origin);

  void set_boot_cpu(std::uint32_t hardware_id);

  /// The tree as it is now. Reading from it does not end the editing.
  [[nodiscard]] Result<DeviceTree> tree() const;

 private:
  template <class Edit>
  int with_room(Edit&& edit);

  ByteVector blob_;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
