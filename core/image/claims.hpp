// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What an image format claims of an image, held against the image.

#include <string_view>

#include "kxf/kernel.hpp"

namespace kxf {

/// Does `view` lie in `bytes`?
[[nodiscard]] bool is_inside(ByteView view, ByteView bytes) noexcept;

/// A plugin's word is checked before anything is done with it. `format` names the culprit.
/// Errors: bytes that are not in `image`, overlays without a tree that they are for.
[[nodiscard]] Status check_claims(const ImageContents& contents, ByteView image,
                                  std::string_view format);

}  // namespace kxf
