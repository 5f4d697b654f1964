// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/extension.hpp"
#include "kxf/machine.hpp"
#include "kxf/plan.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

struct BoardFinding {
  bool refuse = false;  ///< else it is a warning
  std::string id;       ///< as in Warning
  std::string text;     ///< what is wrong
  std::string remedy;   ///< what to do
};

/// Anything that a vendor wants refused or warned about before the jump. Every check of every
/// loaded plugin runs on every finished plan.
class KXF_API BoardCheck : public Extension {
 public:
  ~BoardCheck() override;

  [[nodiscard]] virtual std::vector<BoardFinding> check(const Machine& machine,
                                                        const LoadPlan& plan) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
