// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A machine of which nothing but the device tree is known: a board that is not there.

#include <filesystem>
#include <memory>

#include "kxf/machine.hpp"

namespace kxf {

/// It has no files, and its facts are unknown: no hardware name, no page size.
[[nodiscard]] std::unique_ptr<Machine> tree_machine(DeviceTree tree);

/// The same from a file (`.dtb`).
/// Errors: not readable, no regular file, no device tree that DeviceTree::parse() takes.
[[nodiscard]] Result<std::unique_ptr<Machine>> open_tree(const std::filesystem::path& file);

}  // namespace kxf
