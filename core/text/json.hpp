// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What is printed as JSON, and values that may be absent: null. For .cpp files that print, for
/// nlohmann/json.hpp takes long to compile.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "kxf/result.hpp"

namespace kxf {

/// Keys stay in the order in which they were put in.
using Json = nlohmann::ordered_json;

/// As it is printed, with a line break at the end. Names from outside need not be UTF-8, JSON must:
/// what is not becomes U+FFFD.
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

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
