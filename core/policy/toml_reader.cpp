// SPDX-License-Identifier: Apache-2.0

// The only file that sees the TOML library, and where its exceptions end.

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <optional>

#include "policy/toml_value.hpp"

namespace kxf {
namespace {

/// Profiles need three parts (settings.NAME.KEY). Every part is a level of recursion in the
/// library's destructors, which a file of dots would drive through the end of the stack.
constexpr unsigned max_key_parts = 8;

TextPlace place_of(const toml::source_region& region) {
  return {region.begin.line, region.begin.column};
}

/// The position behind the string that starts at `start` (on its quote), or npos.
std::size_t behind_string(std::string_view text, std::size_t start) {
  const char quote = text[start];
  const bool several_lines = text.substr(start, 3) == std::string(3, quote);
  const std::string_view closing = text.substr(start, several_lines ? 3 : 1);
  for (std::size_t i = start + closing.size(); i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text.substr(i, closing.size()) == closing) {
      return i + closing.size();
    } else if (text[i] == '\n' && !several_lines) {
      return i;
    }
  }
  return std::string_view::npos;
}

/// The line of the first key with too many parts.
std::optional<unsigned> line_of_deep_key(std::string_view text) {
  unsigned parts = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '#') {
      i = text.find('\n', i);
    } else if (c == '"' || c == '\'') {
      i = behind_string(text, i);
    } else {
      if (c == '.' && ++parts > max_key_parts)
        return static_cast<unsigned>(1 + std::ranges::count(text.substr(0, i), '\n'));
      if (std::string_view("\n=[]{},").find(c) != std::string_view::npos) parts = 1;
      ++i;
    }
    if (i == std::string_view::npos) break;
  }
  return std::nullopt;
}

TomlTable converted(const toml::table& table);

TomlValue converted(const toml::node& node) {
  TomlValue value{place_of(node.source()), TomlOther{"a value of unknown type"}};
  if (const auto* text = node.as_string()) {
    value.content = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.content = integer->get();
  } else if (const auto* real = node.as_floating_point()) {
    value.content = real->get();
  } else if (const auto* truth = node.as_boolean()) {
    value.content = truth->get();
  } else if (const auto* list = node.as_array()) {
    std::vector<TomlValue> items;
    for (const toml::node& item : *list) items.push_back(converted(item));
    value.content = std::move(items);
  } else if (const auto* table = node.as_table()) {
    value.content = converted(*table);
  } else if (node.is_date() || node.is_date_time()) {
    value.content = TomlOther{"a date"};
  } else if (node.is_time()) {
    value.content = TomlOther{"a time of day"};
  }
  return value;
}

TomlTable converted(const toml::table& table) {
  TomlTable result;
  for (auto&& [key, node] : table)
    result.entries.push_back({std::string(key.str()), place_of(key.source()), converted(node)});
  std::ranges::stable_sort(result.entries, {},
                           [](const TomlEntry& entry) { return entry.place.order(); });
  return result;
}

std::string complaint(const toml::parse_error& error) {
  std::string text(error.description());
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

}  // namespace

Result<TomlTable> parse_toml(std::string_view text, std::string_view origin) {
  if (const auto line = line_of_deep_key(text))
    return refuse(
        fmt::format("{}:{}:1: a key has more than {} parts", origin, *line, max_key_parts),
        "use the keys that \"kxf profile reference\" lists");
  try {
    return converted(toml::parse(text, origin));
  } catch (const toml::parse_error& error) {
    const TextPlace place = place_of(error.source());
    return refuse(
        fmt::format("{}:{}:{}: {}", origin, place.line, place.column, complaint(error)),
        "correct the syntax: profiles are written in TOML 1.0 (https://toml.io) and in UTF-8");
  } catch (const std::exception& error) {
    return broken(fmt::format("parsing {}: {}", origin, error.what()));
  }
}

}  // namespace kxf
