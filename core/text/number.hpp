// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Numbers in the files of /proc and /sys.

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace kxf {

/// The number that all of `text` is: digits of `base`, no sign, no prefix. Nothing when it is none
/// or does not fit.
template <std::unsigned_integral T>
[[nodiscard]] std::optional<T> whole_number(std::string_view text, int base = 10) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace kxf
