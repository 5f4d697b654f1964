// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/console.hpp"
#include "kxf/extension.hpp"
#include "kxf/result.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Knows one family of UARTs (or another console): how does the purgatory write one byte to it?
class KXF_API ConsoleSink : public Extension {
 public:
  ~ConsoleSink() override;

  /// Exact names in `earlycon=` and `earlyprintk=`: {"uart8250", "ns16550"}.
  [[nodiscard]] virtual std::span<const std::string_view> earlycon_names() const noexcept = 0;
  /// Exact `compatible` strings of the device tree.
  [[nodiscard]] virtual std::span<const std::string_view> compatibles() const noexcept = 0;
  /// The program for this device. The core checks it: steps inside size_bytes, bounded polls.
  /// Errors: an access width or byte order that this UART does not have.
  [[nodiscard]] virtual Result<SinkProgram> program(const ConsoleDevice& device) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
