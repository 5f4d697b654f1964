// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"
#include "kxf/board_check.hpp"

namespace {
class Check final : public kxf::BoardCheck {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a check"; }
  [[nodiscard]] std::vector<kxf::BoardFinding> check(const kxf::Machine&,
                                                     const kxf::LoadPlan&) const noexcept override {
    return {{.refuse = true, .id = "breaker", .text = "not today", .remedy = ""}};
  }
};
}  // namespace

BREAKER("board-check", Check)
