// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "breaker.hpp"

namespace {
class Keeps final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    void* volatile kept = std::malloc(100);
    if (kept == nullptr) return kxf::refuse("no memory", "free some");
    return breaker::Codec::unpack(packed, out);
  }
};
}  // namespace

BREAKER("codec", Keeps)
