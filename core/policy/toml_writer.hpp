// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Values of a policy as TOML, in the form that the reader takes them.

#include <map>
#include <string>
#include <vector>

#include "policy/policy.hpp"
#include "policy/schema.hpp"

namespace kxf {

[[nodiscard]] std::string toml_of(KeyType type, const std::string& value);  ///< paths: absolute
[[nodiscard]] std::string toml_of(KeyType type, std::uint64_t value);
[[nodiscard]] std::string toml_of(KeyType type, const std::vector<std::string>& values);
[[nodiscard]] std::string toml_of(KeyType type, const std::map<std::string, std::string>& values);
[[nodiscard]] std::string toml_of(KeyType type, const std::vector<ReservedWindow>& windows);
[[nodiscard]] std::string toml_of(KeyType type, const std::vector<PropertyValue>& properties);
[[nodiscard]] std::string toml_of(KeyType type, const std::vector<PropertyName>& properties);
[[nodiscard]] std::string toml_of(KeyType type, const std::vector<UartSpec>& uarts);

}  // namespace kxf
