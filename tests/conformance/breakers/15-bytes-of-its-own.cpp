// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Elsewhere final : public breaker::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView, const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    static constexpr std::uint8_t own[64] = {};
    kxf::ImageContents contents;
    contents.payload = kxf::ByteView(own);
    return contents;
  }
};
}  // namespace

BREAKER("image-format", Elsewhere)
