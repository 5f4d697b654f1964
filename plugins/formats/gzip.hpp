// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/codec.hpp"

namespace kxf::formats {

/// gzip (RFC 1952) by zlib: one member or several in a row, zeros allowed behind the last.
class GzipCodec final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "gzip"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "gzip (RFC 1952), one or several members";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override;
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override;
};

}  // namespace kxf::formats
