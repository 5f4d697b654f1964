// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Takes typed values out of a parsed profile and collects every complaint on the way.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/schema.hpp"

namespace kxf {

class ProfileReader {
 public:
  /// `path` is the profile's, as complaints show it. `root` is for files whose top level has the
  /// keys of one table of a profile, such as `console.uart`: complaints leave it out.
  explicit ProfileReader(const std::filesystem::path& path, std::string_view root = {});

  /// Read a whole document into a policy; what is wrong becomes complaints.
  void read(const TomlTable& document, Policy& policy);

  /// Complain about a schema that is missing or not 1. False when it is another one: its keys are
  /// not these, and complaints about them would mislead.
  [[nodiscard]] bool check_schema(const TomlTable& document);

  void complain(TextPlace place, std::string text);
  [[nodiscard]] std::size_t complaint_count() const { return complaints_.size(); }
  /// Did nothing go wrong? Else all complaints in the order of the file, a line each.
  [[nodiscard]] Status verdict() const;
  /// `board.toml:12:9`.
  [[nodiscard]] std::string origin(TextPlace place) const;

  // Each gives nothing, after a complaint, when the value is not what `key` wants.
  [[nodiscard]] std::optional<std::string> text(const Key& key, const TomlValue& value);
  [[nodiscard]] std::optional<std::uint64_t> number(const Key& key, const TomlValue& value);
  [[nodiscard]] std::optional<bool> flag(const Key& key, const TomlValue& value);
  [[nodiscard]] std::optional<std::size_t> choice(const Key& key, const TomlValue& value);
  [[nodiscard]] std::optional<std::vector<std::string>> texts(const Key& key,
                                                              const TomlValue& value);
  [[nodiscard]] std::optional<std::map<std::string, std::string>> text_map(const Key& key,
                                                                           const TomlValue& value);
  [[nodiscard]] std::optional<std::vector<ReservedWindow>> windows(const Key& key,
                                                                   const TomlValue& value);
  [[nodiscard]] std::optional<std::vector<PropertyValue>> property_values(const Key& key,
                                                                          const TomlValue& value);
  [[nodiscard]] std::optional<std::vector<PropertyName>> property_names(const Key& key,
                                                                        const TomlValue& value);
  [[nodiscard]] std::optional<std::vector<UartSpec>> uarts(const Key& key, const TomlValue& value);
  /// Widths of registers in bits: one, or a list of several.
  [[nodiscard]] std::optional<std::vector<std::uint32_t>> widths(const Key& key,
                                                                 const TomlValue& value);
  void settings(const Key& key, const TomlValue& value, Policy& policy);

  // For lists of tables.

  /// A key of an element; the value is null when it is absent.
  struct Field {
    const Key* key = nullptr;
    const TomlValue* value = nullptr;
  };
  [[nodiscard]] static Field field(const Key& list, const TomlTable& table, std::string_view name);
  /// Are the keys of an element known, and the required ones there?
  [[nodiscard]] bool complete(const Key& list, const TomlTable& table, TextPlace place);
  /// Run `take` on every element that is complete.
  bool each_table(const Key& key, const TomlValue& value,
                  const std::function<bool(const TomlTable&, TextPlace)>& take);
  /// Complain that a value is not what the key wants.
  std::nullopt_t wrong(const Key& key, const TomlValue& value);
  /// Complain about a value that has the right type.
  std::nullopt_t refused(const Key& key, TextPlace place, std::string_view why);

 private:
  void read_keys(const TomlTable& table, std::string_view path, Policy& policy);
  void unknown_key(const TomlEntry& entry, std::string_view table);
  void check_combinations(const TomlTable& document, const Policy& policy);
  /// A dotted path without the root.
  [[nodiscard]] std::string_view shown(std::string_view path) const;

  /// One string of the key, which may be an element of its list.
  std::optional<std::string> checked_text(const Key& key, const TomlValue& value);
  std::optional<std::string> text_field(const Key& list, const TomlTable& table,
                                        std::string_view name);
  std::optional<ByteVector> encoded(const Key& key, const TomlValue& value);

  struct Complaint {
    TextPlace place;
    std::string text;
  };

  std::string shown_path_;
  std::string_view root_;
  std::string file_name_;
  std::filesystem::path directory_;  ///< absolute
  std::vector<Complaint> complaints_;
};

}  // namespace kxf
