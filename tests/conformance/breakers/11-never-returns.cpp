// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Endless final : public breaker::Format {
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    const volatile bool forever = kxf::Bytes(image).has(0, breaker::magic);
    while (forever) {
    }
    return {};
  }
};
}  // namespace

BREAKER("image-format", Endless)
