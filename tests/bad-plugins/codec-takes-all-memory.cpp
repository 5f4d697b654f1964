// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "hostile.hpp"

namespace {

class Bad final : public bad::Codec {
  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    static std::vector<std::unique_ptr<std::uint8_t[]>> taken;
    while (out.size_bytes() < packed.size())
      taken.push_back(std::make_unique_for_overwrite<std::uint8_t[]>(16U << 20U));
    return {};
  }
};

}  // namespace

BAD_CODEC(Bad)
