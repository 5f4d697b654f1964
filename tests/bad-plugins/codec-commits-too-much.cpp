// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

namespace {

class Bad final : public bad::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    KXF_TRY(tail, out.tail(packed.size()));
    out.commit(tail.size() + 1);
    return {};
  }
};

}  // namespace

BAD_CODEC(Bad)
