// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/codec.hpp>

/// Replace this packing by your own: its layout here, its reading in packing.cpp.
///
/// | offset | size | what                                                                     |
/// |--------|------|--------------------------------------------------------------------------|
/// | 0      | M    | the magic: `template-name packed` and a line feed                        |
/// | M      | 8    | size of what comes out, in bytes, little-endian                          |
/// | M + 8  |      | runs (as PackBits): a byte n, then                                       |
/// |        |      | n < 128: n + 1 bytes that are copied; n > 128: one byte, 257 - n times;  |
/// |        |      | n = 128: the end                                                         |
namespace plugin {

/// The implementation: stateless, and alive as long as the process.
const kxf::Codec& packing();

}  // namespace plugin
