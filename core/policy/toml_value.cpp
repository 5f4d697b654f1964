// SPDX-License-Identifier: Apache-2.0
#include "policy/toml_value.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace kxf {
namespace {

/// How many bytes the UTF-8 character at the start of `text` has; 0 when it is none (RFC 3629:
/// shortest form, no surrogates, at most U+10FFFF).
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const std::uint8_t second = byte(1);
  const bool too_long = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool no_character = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
  return too_long || no_character ? 0 : size;
}

}  // namespace

const TomlValue* TomlTable::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &TomlEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}

std::string described(const TomlValue& value) {
  struct Describe {
    std::string operator()(const std::string& text) const {
      constexpr std::size_t enough_bytes = 60;
      if (text.size() <= enough_bytes) return "the string " + toml_quoted(text);
      std::size_t end = enough_bytes;
      while ((static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
      return fmt::format("the string {}... of {} bytes",
                         toml_quoted(std::string_view(text).substr(0, end)), text.size());
    }
    std::string operator()(std::int64_t number) const {
      return fmt::format("the integer {}", number);
    }
    std::string operator()(double number) const { return fmt::format("the number {}", number); }
    std::string operator()(bool truth) const { return truth ? "true" : "false"; }
    std::string operator()(const TomlOther& other) const { return std::string(other.kind); }
    std::string operator()(const std::vector<TomlValue>& list) const {
      return list.empty() ? "an empty list" : "a list";
    }
    std::string operator()(const TomlTable&) const { return "a table"; }
  };
  return std::visit(Describe{}, value.content);
}

std::string toml_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    const std::size_t size = character_size(text.substr(i));
    if (c == '"' || c == '\\') {
      quoted += {'\\', static_cast<char>(c)};
    } else if (size == 0) {
      quoted += "\\uFFFD";
    } else if (c < 0x20 || c == 0x7f) {
      quoted += fmt::format("\\u{:04X}", c);
    } else {
      quoted += text.substr(i, size);
    }
    i += std::max<std::size_t>(size, 1);
  }
  return quoted + '"';
}

std::string toml_key(std::string_view name) {
  const auto bare = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, bare) ? std::string(name) : toml_quoted(name);
}

}  // namespace kxf
