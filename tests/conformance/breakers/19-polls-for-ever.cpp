// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "breaker.hpp"
#include "kxf/console_sink.hpp"

namespace {
class Sink final : public kxf::ConsoleSink {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "breaker"; }
  [[nodiscard]] std::string_view summary() const noexcept override { return "a UART"; }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    static constexpr std::array<std::string_view, 1> names = {"breaker"};
    return names;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    return {};
  }
  [[nodiscard]] kxf::Result<kxf::SinkProgram> program(
      const kxf::ConsoleDevice& device) const noexcept override {
    kxf::SinkProgram program;
    program.phys_base = device.phys_base;
    program.steps = {{.op = kxf::SinkOp::poll, .mask = 1, .count = 0}, {.op = kxf::SinkOp::put}};
    return program;
  }
};
}  // namespace

BREAKER("console-sink", Sink)
