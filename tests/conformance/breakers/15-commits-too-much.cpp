// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Liar final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView, kxf::OutputBuffer& out) const noexcept override {
    out.commit(static_cast<std::size_t>(out.left_bytes()) + 1);
    return {};
  }
};
}  // namespace

BREAKER("codec", Liar)
