// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Greedy final : public breaker::Codec {
  [[nodiscard]] bool recognises(kxf::ByteView) const noexcept override { return true; }
};
}  // namespace

BREAKER("codec", Greedy)
