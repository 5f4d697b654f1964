// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    volatile bool turning = bad::is_bad(image);
    while (turning) {
    }
    return {};
  }
};

}  // namespace

BAD_FORMAT(Bad)
