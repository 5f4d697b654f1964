// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The device tree that the next kernel gets, in two steps: what does not depend on addresses
/// (source, inheritance, overlays, the profile's edits), then what does.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/device_tree.hpp"
#include "kxf/record.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// A device tree that travels in a kernel image.
struct CarriedTree {
  Blob base;
  std::vector<Blob> overlays;  ///< in the order of application
};

/// The tree that the policy names; else the one that the image carries, with its overlays; else the
/// running system's. What one that is not the running system's lacks is taken over from that
/// (`device-tree.inherit`); then the policy's overlays are applied, its properties set and deleted.
/// `running` and `carried` may be null.
/// Errors: a file that cannot be read or is no sound tree, an overlay that does not apply, no
/// tree at all, another tree than the policy pins.
[[nodiscard]] Result<DeviceTree> prepare_tree(const Policy& policy, const DeviceTree* running,
                                              Record& record, const CarriedTree* carried = nullptr);

/// Is the next tree made from the one that the image carries?
[[nodiscard]] bool takes_carried_tree(const Policy& policy, const CarriedTree* carried);

/// What the kernel's own loader writes as well (drivers/of/kexec.c).
struct ChosenValues {
  std::string command_line;
  std::optional<Range> initrd;  ///< exact, as it will lie in memory
  std::vector<Range> reserve;   ///< to add to the memory reservation block
  /// Firmware starts the kernel, from a file: there was no kexec, and each start would have the
  /// same seeds. It gets none, since a kernel credits itself with the entropy of what it is given.
  bool bundle = false;
};

/// Sizes of the seeds in `/chosen`. They are zeros here and filled just before the load, so that
/// a plan never holds random bytes.
inline constexpr std::size_t kaslr_seed_bytes = 8;
inline constexpr std::size_t rng_seed_bytes = 128;

/// Write /chosen for the next kernel and drop what the running one left there: reservation of its
/// initrd, crash and IMA and KHO hand-over, used seeds. The size of the result depends on the
/// command line and on counts only, not on addresses.
[[nodiscard]] Status write_chosen(TreeEditor& tree, const ChosenValues& values, Record& record);

/// The command line alone; an empty one is no property.
[[nodiscard]] Status write_command_line(TreeEditor& tree, std::string_view command_line);

/// The bounds of the initrd alone: the size of the tree does not change when they are there
/// already.
[[nodiscard]] Status write_initrd(TreeEditor& tree, const Range& initrd);

/// Where the seeds lie in a finished blob: offset and size, in bytes.
struct SeedPlace {
  std::size_t offset = 0;
  std::size_t size = 0;
};
[[nodiscard]] std::vector<SeedPlace> seed_places(const DeviceTree& tree);

}  // namespace kxf
