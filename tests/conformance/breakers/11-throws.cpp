// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>

#include "breaker.hpp"

namespace {
class Throws final : public breaker::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    static const auto fail = [](std::size_t size) {
      if (size < 20) throw std::length_error("too short");
    };
    fail(image.size());
    kxf::ImageContents contents;
    contents.payload = image;
    return contents;
  }
};
}  // namespace

BREAKER("image-format", Throws)
