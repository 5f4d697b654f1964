// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    const int file = open("/tmp/kxf-bad-plugin-was-here", O_WRONLY | O_CREAT, 0600);
    if (file >= 0) close(file);
    return kernel_of(image);
  }
};

}  // namespace

BAD_FORMAT(Bad)
