// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Text from outside on a terminal.

#include <algorithm>
#include <string>
#include <string_view>

namespace kxf {

/// What is no printable ASCII becomes "?", so that a text is one line and steers nothing.
inline std::string one_line(std::string_view text) {
  std::string line(text);
  std::ranges::replace_if(
      line, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
  return line;
}

}  // namespace kxf
