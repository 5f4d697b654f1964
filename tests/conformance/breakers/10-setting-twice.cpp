// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "breaker.hpp"

namespace {
class Twice final : public breaker::Codec {
  [[nodiscard]] std::span<const kxf::SettingSpec> settings() const noexcept override {
    static constexpr std::array<kxf::SettingSpec, 2> specs = {
        kxf::SettingSpec{"level", "1", "how much"}, kxf::SettingSpec{"level", "2", "how much"}};
    return specs;
  }
};
}  // namespace

BREAKER("codec", Twice)
