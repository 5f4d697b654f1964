// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/image_format.hpp"

namespace kxf::formats {

/// The Unified Kernel Image of the UAPI group.
[[nodiscard]] const ImageFormat& uki();

}  // namespace kxf::formats
