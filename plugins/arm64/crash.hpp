// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What arm64 says of a crash kernel.

#include <kxf/architecture.hpp>

namespace kxf::arm64 {

/// What to do when it is not known where the running kernel is mapped.
inline constexpr std::string_view kernel_text_key = "kernel-text";
inline constexpr SettingSpec kernel_text_setting{
    kernel_text_key, "require",
    "when it cannot be found out where the running kernel is mapped: require refuses a crash load, "
    "omit leaves the kernel's text out of the core header and warns"};

/// The linear map and the mapping of the kernel's image, from what the running kernel tells.
/// Errors: neither /proc/kcore nor its VMCOREINFO tells the linear map, or they contradict
/// themselves; nothing tells the image's mapping and the setting requires it.
[[nodiscard]] Result<CrashLayout> crash_layout(const ArchitectureQuestion& question,
                                               Record& record);

/// `linux,elfcorehdr` and `linux,usable-memory-range` in /chosen, in the cells of the tree's root.
/// Errors: an address or a size that does not fit these cells.
[[nodiscard]] Status announce_crash(TreeEditor& editor, const CrashPlaces& places);

}  // namespace kxf::arm64
