// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A ConsoleSink that is made from data.

#include "kxf/console_sink.hpp"
#include "uart/uart.hpp"

namespace kxf {

class UartSink final : public ConsoleSink {
 public:
  /// `rank` is for a description that gives none.
  UartSink(UartSpec uart, int rank);

  [[nodiscard]] std::string_view name() const noexcept override { return uart_.name; }
  [[nodiscard]] std::string_view summary() const noexcept override { return uart_.summary; }
  [[nodiscard]] int rank() const noexcept override { return rank_; }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    return earlycon_names_;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    return compatibles_;
  }
  /// Errors: an access width or byte order that this UART does not have, registers that overlap
  /// each other or reach outside of the device.
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override;

 private:
  UartSpec uart_;
  int rank_;
  std::vector<std::string_view> earlycon_names_;  ///< into uart_
  std::vector<std::string_view> compatibles_;
};

}  // namespace kxf
