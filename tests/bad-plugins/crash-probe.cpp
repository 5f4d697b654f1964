// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

namespace {

class Bad final : public bad::Format {
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    volatile int* volatile nowhere = nullptr;
    if (nowhere == nullptr && bad::is_bad(image)) __builtin_trap();
    return {};
  }
};

}  // namespace

BAD_FORMAT(Bad)
