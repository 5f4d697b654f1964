// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The next tree, twice: complete but for addresses, since placement needs its size, then with
/// them.

#include <optional>
#include <string>
#include <vector>

#include "kxf/architecture.hpp"
#include "kxf/device_tree.hpp"
#include "kxf/record.hpp"

namespace kxf {

/// What the tree is made from. References live for the call.
struct TreeInputs {
  const DeviceTree& prepared;  ///< by prepare_tree()
  const Architecture& architecture;
  const ArchitectureQuestion& question;
  std::string command_line;         ///< without the place of a core header
  std::vector<Range> reservations;  ///< to add; those that the tree has already are left out
  bool has_initrd = false;
  std::optional<CrashPlaces> crash;  ///< with placeholders inside the crash region
  bool bundle = false;               ///< firmware starts it: see ChosenValues
};

/// Where things lie of which the tree tells.
struct TreePlaces {
  std::optional<Range> initrd;  ///< exact
  Range own;
  std::optional<CrashPlaces> crash;
};

/// `command_line` with the place of the core header, where the architecture tells it so. Its length
/// does not depend on the address.
[[nodiscard]] std::string with_core_header(const TreeInputs& inputs, const CrashPlaces& crash);

/// Of the final size, with placeholders for addresses.
/// Errors: a command line that is too long with the place of the core header.
[[nodiscard]] Result<DeviceTree> draft_tree(const TreeInputs& inputs, Record& record);

/// `draft` with addresses, each in the place of its placeholder: the size stays.
[[nodiscard]] Result<DeviceTree> with_places(const DeviceTree& draft, const TreeInputs& inputs,
                                             const TreePlaces& places);

/// The tree's bytes with room behind them into which it may grow; its header says that it has it.
[[nodiscard]] ByteVector with_room(const DeviceTree& tree, std::uint64_t room_bytes);

}  // namespace kxf
