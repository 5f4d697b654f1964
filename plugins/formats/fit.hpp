// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/image_format.hpp"

namespace kxf::formats {

/// The Flattened Image Tree of U-Boot, `.itb`.
[[nodiscard]] const ImageFormat& fit();

}  // namespace kxf::formats
