// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From what an image format found to the segments that hold the kernel.

#include <string_view>
#include <vector>

#include "image/load_image.hpp"
#include "kxf/plan.hpp"

namespace kxf {

/// A format and an architecture are plugins': what they claim is checked before anything is
/// computed from it. `who` names the culprit.
/// Errors: parts or patches that overlap or leave the kernel, an entry outside of it.
[[nodiscard]] Status check_kernel_spec(const KernelSpec& kernel, std::string_view who);

/// The segments `kernel`, `kernel-2`, ... that fill `place`, a multiple of `page_size_bytes` on
/// both ends. Where a part has whole pages to itself they stay views of the image; only pages that
/// a patch changes or that begin inside are copied, so a large kernel takes no memory of its own.
[[nodiscard]] std::vector<Segment> kernel_segments(const LoadedImage& image, const Range& place,
                                                   std::uint64_t page_size_bytes);

}  // namespace kxf
