// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The one table of all keys that a profile has. Reading, the check for unknown keys, the effective
/// text and the reference are made from it.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/policy.hpp"
#include "policy/toml_value.hpp"

namespace kxf {

class ProfileReader;

/// What a value looks like in TOML.
enum class KeyType : std::uint8_t {
  schema,        ///< the integer 1
  text,          ///< any string of one line
  label,         ///< a string of one line that is not empty
  command_line,  ///< a string of one line with its double quotes in pairs
  name,          ///< of an implementation
  names,         ///< list of names of plugins or implementations
  sources,       ///< list of names, at least one
  texts,         ///< list of strings, none empty
  path,          ///< not empty; counts from the profile's directory
  paths,         ///< a path or a list of paths
  tree_path,     ///< a path, or the word `running`
  sink,          ///< `auto`, `none`, a name or an earlycon string
  breadcrumb,    ///< `none`, `ramoops` or a physical address
  size,          ///< bytes
  seconds,       ///< at least one
  address,       ///< physical address or another 64-bit number
  choice,        ///< one of Key::members
  option,        ///< likewise, inside a list of tables
  choices,       ///< list of Key::members
  parameters,    ///< list of command line parameters
  names_map,     ///< table from Key::members to names
  digests,       ///< table from file name to SHA-256
  digest,        ///< a SHA-256
  digest_list,   ///< list of SHA-256
  node,          ///< absolute path of a device tree node
  property,      ///< name of a property
  strings,       ///< list of strings, for a property
  cells,         ///< list of 32-bit numbers
  number,        ///< 32 bits
  width,         ///< of a register, in bits
  widths,        ///< list of such, at least one
  hex_bytes,     ///< hexadecimal digits
  flag,          ///< true
  tables,        ///< list of tables; their keys follow in the schema
  settings,      ///< table of tables of strings
};

struct Key {
  std::string_view path;  ///< dotted: `kernel.image`, `memory.reserve.start`
  KeyType type = KeyType::text;
  std::string_view meaning;                   ///< Markdown, one paragraph
  std::string_view example;                   ///< a TOML value
  std::span<const std::string_view> members;  ///< of a choice, in the order of its enumeration
  bool required = false;                      ///< in its table
  /// Take the value into the policy or complain. None for keys inside a list of tables: the list
  /// reads them.
  void (*read)(ProfileReader& reader, const Key& key, const TomlValue& value,
               Policy& policy) = nullptr;
  /// The value as TOML; nothing when there is none.
  std::optional<std::string> (*write)(const Policy& policy, const Key& key) = nullptr;
  const std::string& (*origin)(const Policy& policy) = nullptr;

  /// `kernel` of `kernel.image`; empty at the top level.
  [[nodiscard]] std::string_view table() const;
  /// `image` of `kernel.image`.
  [[nodiscard]] std::string_view name() const;
};

/// All keys, table by table, in the order of the reference.
[[nodiscard]] std::span<const Key> schema();
/// The key with this dotted path; null when there is none.
[[nodiscard]] const Key* find_key(std::string_view path);
/// What a value of the key must be, for messages and the reference: `a path (string)`.
[[nodiscard]] std::string wanted_by(const Key& key);

/// The members of a choice for messages: `"auto", "kexec_load"`.
[[nodiscard]] std::string members_of(const Key& key);

/// The index of `name` among the members of the choice at `path`, which is the value of its
/// enumeration; nothing when it is no member.
[[nodiscard]] std::optional<std::size_t> choice_index(std::string_view path, std::string_view name);

}  // namespace kxf
