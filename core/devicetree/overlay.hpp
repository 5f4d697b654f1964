// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What libfdt's fdt_overlay_apply takes for granted, checked before and after it runs.

#include <string_view>

#include "kxf/device_tree.hpp"

namespace kxf {

/// libfdt 1.6 follows the offsets in `__fixups__` and `__local_fixups__` and the strings in
/// `__symbols__` and `target-path` without looking, so each is checked here.
/// Errors: no fragments, a fixup that points outside its property, a label that the base does not
/// have (no `__symbols__`: said so), a path that is none.
[[nodiscard]] Status check_overlay(const DeviceTree& base, const DeviceTree& overlay);

/// Why fdt_overlay_apply returned `error` for this overlay, as precisely as can be told.
[[nodiscard]] std::string explain_overlay_failure(const DeviceTree& base, const DeviceTree& overlay,
                                                  int error);

/// libfdt before 1.7.1 lets an overlay replace the phandle of a node of the base, after which
/// every reference to that node dangles or hits another one.
/// Errors: a node of `base` whose phandle is another one in `merged`; a phandle on two nodes.
[[nodiscard]] Status check_phandles(const DeviceTree& base, const DeviceTree& merged);

}  // namespace kxf
