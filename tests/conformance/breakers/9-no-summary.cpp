// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"

namespace {
class NoSummary final : public breaker::Codec {
  [[nodiscard]] std::string_view summary() const noexcept override { return ""; }
};
}  // namespace

BREAKER("codec", NoSummary)
