// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class Behind final : public breaker::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer&) const noexcept override {
    if (*(packed.data() + packed.size()) == 0) return {};
    return kxf::refuse("no zero behind the end", "add one");
  }
};
}  // namespace

BREAKER("codec", Behind)
