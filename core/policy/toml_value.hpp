// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A parsed TOML document as plain values, each with its place in the file. It keeps the TOML
/// library out of every translation unit but one.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "kxf/result.hpp"

namespace kxf {

/// Line and column, both from 1; columns count characters, not bytes.
struct TextPlace {
  unsigned line = 0;
  unsigned column = 0;

  /// What places are sorted by.
  [[nodiscard]] std::pair<unsigned, unsigned> order() const { return {line, column}; }
};

struct TomlEntry;
struct TomlValue;

struct TomlTable {
  std::vector<TomlEntry> entries;  ///< in the order of the file

  [[nodiscard]] const TomlValue* find(std::string_view key) const;
};

/// A TOML type that no key of a profile has.
struct TomlOther {
  std::string_view kind;  ///< with its article: "a date"
};

struct TomlValue {
  TextPlace place;
  std::variant<std::string, std::int64_t, double, bool, TomlOther, std::vector<TomlValue>,
               TomlTable>
      content;
};

struct TomlEntry {
  std::string key;
  TextPlace place;  ///< of the key
  TomlValue value;
};

/// What a value is, for messages: `the string "x"`, `the integer 5`, `a table`.
[[nodiscard]] std::string described(const TomlValue& value);

/// Parse TOML 1.0. `origin` names the document in errors: `ORIGIN:LINE:COLUMN: what is wrong`.
/// Errors: invalid UTF-8, syntax, a key of more than 8 parts (the library would recurse).
[[nodiscard]] Result<TomlTable> parse_toml(std::string_view text, std::string_view origin);

/// A TOML basic string with its quotes; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string toml_quoted(std::string_view text);

/// A key, quoted where TOML wants that.
[[nodiscard]] std::string toml_key(std::string_view name);

}  // namespace kxf
