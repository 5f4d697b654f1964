// SPDX-License-Identifier: Apache-2.0
#include "breaker.hpp"
#include "kxf/cpu_enable_method.hpp"

namespace {
class Method final : public kxf::CpuEnableMethod {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a method"; }
  [[nodiscard]] bool handles(std::string_view method) const noexcept override {
    return method == "breaker";
  }
  [[nodiscard]] kxf::CpuAssessment assess(const kxf::CpuQuestion&) const noexcept override {
    return {};
  }
};
}  // namespace

BREAKER("cpu-enable-method", Method)
