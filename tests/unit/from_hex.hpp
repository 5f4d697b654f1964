// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/bytes.hpp>
#include <string>

namespace kxf_test {

/// Bytes that a tool made, written down as digits.
[[nodiscard]] inline kxf::ByteVector from_hex(std::string_view hex) {
  kxf::ByteVector bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    const std::string digits(hex.substr(i, 2));
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(digits, nullptr, 16)));
  }
  return bytes;
}

}  // namespace kxf_test
