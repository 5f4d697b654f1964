// SPDX-License-Identifier: Apache-2.0

// What is printed from the table of keys: a policy with its origins, and the reference.

#include <fmt/format.h>

#include <algorithm>

#include "policy/profile.hpp"
#include "policy/schema.hpp"

namespace kxf {
namespace {

/// `name = value  # origin`; the origin goes behind the first line of a value of several.
std::string line_of(std::string_view name, const std::string& value, const std::string& origin) {
  const std::size_t line_end = std::min(value.find('\n'), value.size());
  return fmt::format("{} = {}  # {}{}\n", name, value.substr(0, line_end), origin,
                     value.substr(line_end));
}

/// A heading of the reference: the table in which a key stands.
std::string heading(const Key& key) {
  if (key.table().empty()) return key.type == KeyType::settings ? "[settings.NAME]" : "Top level";
  return find_key(key.table()) == nullptr ? fmt::format("[{}]", key.table())
                                          : fmt::format("[[{}]]", key.table());
}

std::string default_of(const Key& key) {
  if (key.required) return "Required.";
  if (key.write == nullptr) return "Optional.";
  const auto value = key.write(Policy{}, key);
  return value ? fmt::format("Default: `{}`.", *value) : "Not set by default.";
}

}  // namespace

std::string effective_text(const Policy& policy) {
  std::string text;
  std::string table;
  if (policy.crash) text += "# for the crash kernel  # --crash\n";
  for (const Key& key : schema()) {
    if (key.type == KeyType::schema) text += "schema = 1\n";
    if (key.write == nullptr) continue;
    if (key.table() != table) {
      table = key.table();
      text += fmt::format("\n[{}]\n", table);
    }
    const auto value = key.write(policy, key);
    text += value ? line_of(key.name(), *value, key.origin(policy))
                  : fmt::format("# {}: not set\n", key.name());
  }
  for (const auto& [implementation, values] : policy.settings) {
    text += fmt::format("\n[settings.{}]\n", implementation);
    for (const auto& [name, setting] : values)
      text += line_of(toml_key(name), toml_quoted(setting.value), setting.origin);
  }
  return text;
}

std::string profile_reference() {
  std::string text;
  std::string last_heading;
  for (const Key& key : schema()) {
    if (const std::string current = heading(key); current != last_heading) {
      last_heading = current;
      text += fmt::format("{}### {}\n", text.empty() ? "" : "\n",
                          current.starts_with('[') ? '`' + current + '`' : current);
    }
    text += fmt::format("\n**`{}`**: {}. {}\n{}\nExample: `{} = {}`\n", key.name(), wanted_by(key),
                        default_of(key), key.meaning, key.name(), key.example);
  }
  return text;
}

}  // namespace kxf
