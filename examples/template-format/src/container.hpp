// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/image_format.hpp>

/// Replace this container by your own format: its layout here, its reading in container.cpp.
///
/// | offset | size | what                                                                    |
/// |--------|------|-------------------------------------------------------------------------|
/// | 0      | M    | the magic: `template-name image` and a line feed                            |
/// | M      | 4    | version: 1                                                              |
/// | M + 4  | 4    | CRC-32 (IEEE 802.3, as zlib's crc32()) of the payload                   |
/// | M + 8  | 8    | size of the payload in bytes; all fields little-endian                  |
/// | M + 16 |      | the payload: any image that kxf knows, packed or not; then nothing      |
namespace plugin {

/// The implementation: stateless, and alive as long as the process.
const kxf::ImageFormat& container();

}  // namespace plugin
