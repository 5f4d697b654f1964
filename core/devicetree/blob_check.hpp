// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Checks a flattened device tree from outside before libfdt sees it, and brings it into one
/// canonical form.

#include <string_view>

#include "kxf/bytes.hpp"

namespace kxf {

/// Deepest nesting of nodes that is accepted; Linux stops at the same depth (FDT_MAX_DEPTH in
/// drivers/of/fdt.c), and libfdt's overlay code recurses.
inline constexpr unsigned max_tree_depth = 64;

/// The blob in canonical form: version 17, the blocks in the order of the specification (memory
/// reservations, structure, strings; section 5.2), no slack and nothing behind the last block.
/// Two blobs that differ in padding alone become the same bytes.
///
/// libfdt up to 1.7 trusts property lengths (an integer overflow in fdt_next_tag) and the memory
/// reservation block (fdt_num_mem_rsv), so both are walked here first; fdt_check_full then judges
/// the result.
/// Errors: not a device tree, truncated, malformed (what, at which byte), over
/// DeviceTree::max_size_bytes once packed. `origin` names the blob in messages.
[[nodiscard]] Result<ByteVector> packed_blob(ByteView blob, std::string_view origin);

/// libfdt's words for an error that one of its functions returned (a negative number).
[[nodiscard]] std::string_view libfdt_text(int error) noexcept;

}  // namespace kxf
