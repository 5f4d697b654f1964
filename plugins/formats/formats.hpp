// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/codec.hpp>
#include <kxf/image_format.hpp>

/// What the plugin `formats` provides. Each object lives as long as the process and has no state.
namespace kxf::formats {

[[nodiscard]] const Codec& gzip();
[[nodiscard]] const Codec& xz();
[[nodiscard]] const Codec& lzma();
[[nodiscard]] const Codec& zstd();
[[nodiscard]] const Codec& lz4();
[[nodiscard]] const Codec& bzip2();
[[nodiscard]] const Codec& lzo();

[[nodiscard]] const ImageFormat& fit();
[[nodiscard]] const ImageFormat& uki();
[[nodiscard]] const ImageFormat& uimage();
[[nodiscard]] const ImageFormat& zboot();

}  // namespace kxf::formats
