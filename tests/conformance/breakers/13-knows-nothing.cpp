// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Blind final : public breaker::Format {
  [[nodiscard]] kxf::Probe probe(kxf::ByteView) const noexcept override { return {}; }
};
}  // namespace

BREAKER("image-format", Blind)
