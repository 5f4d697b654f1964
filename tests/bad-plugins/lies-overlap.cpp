// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    kxf::ImageContents contents = kernel_of(image);
    contents.kernel->parts.push_back(contents.kernel->parts.front());
    return contents;
  }
};

}  // namespace

BAD_FORMAT(Bad)
