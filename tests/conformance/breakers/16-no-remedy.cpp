// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Terse final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    if (packed.size() < 20) return kxf::refuse("odd");
    return breaker::Codec::unpack(packed, out);
  }
};
}  // namespace

BREAKER("codec", Terse)
