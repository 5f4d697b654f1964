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
  /// `path` is the profile's, as complaints show it.
  explicit ProfileReader(const std::filesystem::path& path);

  /// Read a whole document into a policy; what is wrong becomes complaints.
  void read(const TomlTable& document, Policy& policy);

  void complain(Place place, std::string text);
  /// Did nothing go wrong? Else all complaints in the order of the file, a line each.
  [[nodiscard]] Status verdict() const;
  /// `board.toml:12:9`.
  [[nodiscard]] std::string origin(Place place) const;

  // Each gives nothing, after a complaint, when the value is not what `key` wants.
  [[nodiscard]] std::optional<std::string> text(const Key& key, const TomlValue& value);
  [[nodiscard]] std::optional<std::uint64_t> number(const Key& key, const TomlValue& value);
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
  void settings(const Key& key, const TomlValue& value, Policy& policy);

 private:
  void read_keys(const TomlTable& table, std::string_view path, Policy& policy);
  void unknown_key(const TomlEntry& entry, std::string_view table);
  void check_combinations(const TomlTable& document, const Policy& policy);
  std::nullopt_t wrong(const Key& key, const TomlValue& value);
  std::nullopt_t refused(const Key& key, Place place, std::string_view why);

  /// One string of the key, which may be an element of its list.
  std::optional<std::string> checked_text(const Key& key, const TomlValue& value);
  /// Are the keys of an element of a list of tables known, and the required ones there?
  bool complete(const Key& list, const TomlTable& table, Place place);
  /// A key of such an element; null when it is absent.
  struct Field {
    const Key* key = nullptr;
    const TomlValue* value = nullptr;
  };
  static Field field(const Key& list, const TomlTable& table, std::string_view name);
  std::optional<std::string> text_field(const Key& list, const TomlTable& table,
                                        std::string_view name);
  /// Run `take` on every element of a list of tables.
  bool each_table(const Key& key, const TomlValue& value,
                  const std::function<bool(const TomlTable&, Place)>& take);
  std::optional<ByteVector> encoded(const Key& key, const TomlValue& value);

  struct Complaint {
    Place place;
    std::string text;
  };

  std::string shown_path_;
  std::string file_name_;
  std::filesystem::path directory_;  ///< absolute
  std::vector<Complaint> complaints_;
};

}  // namespace kxf
