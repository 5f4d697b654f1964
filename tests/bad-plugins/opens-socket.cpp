// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    const int opened = socket(AF_INET, SOCK_STREAM, 0);
    if (opened >= 0) close(opened);
    return kernel_of(image);
  }
};

}  // namespace

BAD_FORMAT(Bad)
