// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Values that may be absent, as JSON: null. For .cpp files that print, for nlohmann/json.hpp takes
/// long to compile.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kxf/result.hpp"

namespace kxf {

/// Keys stay in the order in which they were put in.
using Json = nlohmann::ordered_json;

inline Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

template <class T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

inline Json address_or_null(const std::optional<std::uint64_t>& value) {
  return value ? Json(hex(*value)) : Json(nullptr);
}

}  // namespace kxf
