// SPDX-License-Identifier: Apache-2.0
#include "policy/toml_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

namespace kxf {
namespace {

std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

std::string size_of(std::uint64_t size_bytes) {
  constexpr std::string_view units[] = {"KiB", "MiB", "GiB", "TiB"};
  constexpr std::uint64_t step = 1024;
  std::string text = size_bytes <= INT64_MAX ? fmt::format("{}", size_bytes)
                                             : fmt::format("\"{:#x}\"", size_bytes);
  for (const std::string_view unit : units) {
    if (size_bytes == 0 || size_bytes % step != 0) break;
    size_bytes /= step;
    text = fmt::format("\"{} {}\"", size_bytes, unit);
  }
  return text;
}

/// A list of inline tables, which TOML holds equal to repeated [[headers]].
std::string list_of_tables(const std::vector<std::string>& tables) {
  if (tables.empty()) return "[]";
  return fmt::format("[\n  {},\n]", fmt::join(tables, ",\n  "));
}

}  // namespace

std::string toml_of(KeyType type, const std::string& value) {
  const bool path = type == KeyType::path || type == KeyType::paths ||
                    (type == KeyType::tree_path && value != "running");
  return toml_quoted(path ? absolute(value) : value);
}

std::string toml_of(KeyType /*type*/, std::uint64_t size_bytes) { return size_of(size_bytes); }

std::string toml_of(KeyType type, const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(toml_of(type, value));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string toml_of(KeyType /*type*/, const std::map<std::string, std::string>& values) {
  if (values.empty()) return "{}";
  std::vector<std::string> pairs;
  for (const auto& [key, value] : values)
    pairs.push_back(fmt::format("{} = {}", toml_key(key), toml_quoted(value)));
  return fmt::format("{{ {} }}", fmt::join(pairs, ", "));
}

std::string toml_of(KeyType /*type*/, const std::vector<ReservedWindow>& windows) {
  std::vector<std::string> tables;
  for (const ReservedWindow& window : windows)
    tables.push_back(fmt::format("{{ start = \"{:#x}\", size = {}, reason = {} }}",
                                 window.range.start, size_of(window.range.size_bytes()),
                                 toml_quoted(window.reason)));
  return list_of_tables(tables);
}

std::string toml_of(KeyType /*type*/, const std::vector<PropertyValue>& properties) {
  std::vector<std::string> tables;
  for (const PropertyValue& property : properties)
    tables.push_back(fmt::format(
        "{{ node = {}, property = {}, {} }}", toml_quoted(property.node),
        toml_quoted(property.property),
        property.value.empty() ? "flag = true"
                               : fmt::format("bytes = \"{:02x}\"", fmt::join(property.value, ""))));
  return list_of_tables(tables);
}

std::string toml_of(KeyType /*type*/, const std::vector<PropertyName>& properties) {
  std::vector<std::string> tables;
  for (const PropertyName& property : properties)
    tables.push_back(property.property.empty()
                         ? fmt::format("{{ node = {} }}", toml_quoted(property.node))
                         : fmt::format("{{ node = {}, property = {} }}", toml_quoted(property.node),
                                       toml_quoted(property.property)));
  return list_of_tables(tables);
}

}  // namespace kxf
