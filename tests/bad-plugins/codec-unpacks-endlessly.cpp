// SPDX-License-Identifier: Apache-2.0
#include "hostile.hpp"

namespace {

class Bad final : public bad::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    while (!packed.empty()) {
      KXF_TRY(tail, out.tail());
      out.commit(tail.size());
    }
    return {};
  }
};

}  // namespace

BAD_CODEC(Bad)
