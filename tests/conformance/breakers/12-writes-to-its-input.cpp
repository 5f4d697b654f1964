// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Writer final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    auto* const first = const_cast<volatile std::uint8_t*>(packed.data());
    first[0] = packed[0];
    return breaker::Codec::unpack(packed, out);
  }
};
}  // namespace

BREAKER("codec", Writer)
