// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    if (!image.empty()) std::abort();
    return kernel_of(image);
  }
};

}  // namespace

BAD_FORMAT(Bad)
