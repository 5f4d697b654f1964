// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Counts final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    static int calls = 0;
    if (++calls % 2 == 0) packed = packed.first(packed.size() - 1);
    return breaker::Codec::unpack(packed, out);
  }
};
}  // namespace

BREAKER("codec", Counts)
