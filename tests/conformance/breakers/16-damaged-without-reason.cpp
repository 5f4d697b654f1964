// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Silent final : public breaker::Format {
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    if (kxf::Bytes(image).has(0, breaker::magic) && image.size() < 20)
      return {kxf::ProbeVerdict::damaged, {}};
    return breaker::Format::probe(image);
  }
};
}  // namespace

BREAKER("image-format", Silent)
