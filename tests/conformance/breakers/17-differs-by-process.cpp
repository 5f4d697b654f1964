// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "breaker.hpp"

namespace {
class ByProcess final : public breaker::Format {
  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion& question,
                                                      kxf::Record& record) const noexcept override {
    record.decide("reader", std::to_string(getpid()), "it is who reads");
    return breaker::Format::parse(image, question, record);
  }
};
}  // namespace

BREAKER("image-format", ByProcess)
