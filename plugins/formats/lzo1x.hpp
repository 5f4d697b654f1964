// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/bytes.hpp>
#include <tl/expected.hpp>

namespace kxf::formats {

struct LzoFault {
  std::size_t at = 0;  ///< offset in the packed bytes
  std::string_view reason;
};

/// Unpack one LZO1X stream, all of `packed`, into `room`; the result is how much it was. What
/// stands in `room` after a fault is undefined.
[[nodiscard]] tl::expected<std::size_t, LzoFault> unpack_lzo1x(ByteView packed,
                                                               std::span<std::uint8_t> room);

}  // namespace kxf::formats
