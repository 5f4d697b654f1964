// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include "breaker.hpp"

namespace {
class Curious final : public breaker::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion& question,
                                                      kxf::Record& record) const noexcept override {
    if (const int file = open("/etc/hostname", O_RDONLY | O_CLOEXEC); file >= 0) close(file);
    return breaker::Format::parse(image, question, record);
  }
};
}  // namespace

BREAKER("image-format", Curious)
