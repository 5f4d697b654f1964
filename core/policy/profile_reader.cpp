// SPDX-License-Identifier: Apache-2.0
#include "policy/profile_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "policy/text_checks.hpp"
#include "text/nearest.hpp"
#include "uart/uart_table.hpp"

namespace kxf {
namespace {

std::string joined_path(std::string_view table, std::string_view name) {
  return table.empty() ? std::string(name) : fmt::format("{}.{}", table, name);
}

/// The keys and tables right below `table`, as the schema has them.
std::vector<std::string_view> children(std::string_view table) {
  std::vector<std::string_view> names;
  for (const Key& key : schema()) {
    std::string_view rest = key.path;
    if (!table.empty()) {
      if (!rest.starts_with(table) || rest.size() <= table.size() || rest[table.size()] != '.')
        continue;
      rest.remove_prefix(table.size() + 1);
    }
    const std::string_view name = rest.substr(0, rest.find('.'));
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string quoted_list(std::span<const std::string_view> names) {
  std::vector<std::string> quoted;
  for (const std::string_view name : names) quoted.push_back(fmt::format("\"{}\"", name));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

/// Where a key of this name is known, for one that stands in the wrong table.
std::optional<std::string_view> table_with(std::string_view name) {
  for (const Key& key : schema())
    if (key.name() == name && key.read != nullptr && !key.table().empty()) return key.table();
  return std::nullopt;
}

std::string advice(std::string_view name, std::string_view table, bool whole_profile) {
  const std::vector<std::string_view> known = children(table);
  if (std::string meant = did_you_mean(name, known); !meant.empty()) return meant;
  if (const auto other = whole_profile ? table_with(name) : std::nullopt)
    return fmt::format("it belongs in [{}]", *other);
  return "known here: " + quoted_list(known);
}

}  // namespace

ProfileReader::ProfileReader(const std::filesystem::path& path, std::string_view root)
    : shown_path_(path.string()), root_(root), file_name_(path.filename().string()) {
  std::error_code error;  // when the current directory is gone; then paths stay relative
  directory_ = std::filesystem::absolute(path, error).parent_path();
  if (error) directory_ = path.parent_path();
}

void ProfileReader::complain(TextPlace place, std::string text) {
  complaints_.push_back({place, std::move(text)});
}

std::string_view ProfileReader::shown(std::string_view path) const {
  if (root_.empty() || !path.starts_with(root_)) return path;
  path.remove_prefix(root_.size());
  if (path.starts_with('.')) path.remove_prefix(1);
  return path;
}

std::nullopt_t ProfileReader::wrong(const Key& key, const TomlValue& value) {
  return refused(key, value.place,
                 fmt::format("wanted {}, found {}", wanted_by(key), described(value)));
}

std::nullopt_t ProfileReader::refused(const Key& key, TextPlace place, std::string_view why) {
  const std::string_view path = shown(key.path);
  complain(place, fmt::format("{}{}{}", path, path.empty() ? "" : ": ", why));
  return std::nullopt;
}

Status ProfileReader::verdict() const {
  if (complaints_.empty()) return {};
  std::vector<Complaint> sorted = complaints_;
  std::ranges::stable_sort(sorted, {},
                           [](const Complaint& complaint) { return complaint.place.order(); });
  std::vector<std::string> lines;
  for (const Complaint& complaint : sorted)
    lines.push_back(fmt::format("{}:{}:{}: {}", shown_path_, complaint.place.line,
                                complaint.place.column, complaint.text));
  return refuse(fmt::format("{}", fmt::join(lines, "\n")),
                root_.empty()
                    ? std::string("correct the profile: \"kxf profile reference\" lists every key")
                    : fmt::format("correct the file: \"kxf profile reference\" lists every key, "
                                  "under [[{}]]",
                                  root_));
}

std::string ProfileReader::origin(TextPlace place) const {
  return fmt::format("{}:{}:{}", file_name_, place.line, place.column);
}

bool ProfileReader::check_schema(const TomlTable& document) {
  const Key& schema_key = *find_key("schema");
  const TomlValue* version = document.find("schema");
  if (version == nullptr) {
    complain({1, 1}, "the schema is not named: write \"schema = 1\" at the top");
  } else if (const auto* number = std::get_if<std::int64_t>(&version->content); number == nullptr) {
    wrong(schema_key, *version);
  } else if (*number != 1) {
    complain(version->place,
             fmt::format("schema {} is unknown: this kxf reads schema 1; use a newer kxf, or "
                         "write \"schema = 1\" and keep to its keys",
                         *number));
    return false;
  }
  return true;
}

void ProfileReader::read(const TomlTable& document, Policy& policy) {
  if (!check_schema(document)) return;
  read_keys(document, "", policy);
  check_combinations(document, policy);
}

void ProfileReader::unknown_key(const TomlEntry& entry, std::string_view table) {
  const std::string_view place = shown(table);
  complain(entry.place, fmt::format("unknown key {}{}: {}", toml_quoted(entry.key),
                                    place.empty() ? "" : fmt::format(" in [{}]", place),
                                    advice(entry.key, table, root_.empty())));
}

void ProfileReader::read_keys(const TomlTable& table, std::string_view path, Policy& policy) {
  for (const TomlEntry& entry : table.entries) {
    const std::string key_path = joined_path(path, entry.key);
    // No name in the schema has a dot; a quoted key that does is not the path that it looks like.
    const bool plain = entry.key.find('.') == std::string::npos;
    if (const Key* key = find_key(key_path); key != nullptr && plain) {
      if (key->read != nullptr) key->read(*this, *key, entry.value, policy);
    } else if (!plain || children(key_path).empty()) {
      unknown_key(entry, path);
    } else if (const auto* inner = std::get_if<TomlTable>(&entry.value.content)) {
      read_keys(*inner, key_path, policy);
    } else {
      complain(entry.value.place, fmt::format("{}: wanted a table ([{}]), found {}", key_path,
                                              key_path, described(entry.value)));
    }
  }
}

void ProfileReader::check_combinations(const TomlTable& document, const Policy& policy) {
  const TomlValue* table = document.find("command-line");
  const auto* keys = table == nullptr ? nullptr : std::get_if<TomlTable>(&table->content);
  if (keys == nullptr || !policy.command_line.is_set()) return;
  const TextPlace place = keys->find("text")->place;
  if (policy.command_line_mode.value == CommandLineMode::reuse)
    complain(place,
             "command-line.text: mode \"reuse\" takes the running kernel's command line; drop the "
             "text, or put it into \"append\"");
  else if (!policy.command_line_remove.value.empty())
    complain(keys->find("remove")->place,
             "command-line.remove: nothing is removed from a text that the profile gives; drop "
             "it, or use mode \"reuse\"");
}

std::optional<std::string> ProfileReader::checked_text(const Key& key, const TomlValue& value) {
  const auto* text = std::get_if<std::string>(&value.content);
  if (text == nullptr) return wrong(key, value);
  if (const auto why = text_fault(key.type, *text)) return refused(key, value.place, *why);
  switch (key.type) {
    case KeyType::tree_path:
      if (*text == "running") return *text;
      [[fallthrough]];
    case KeyType::path:
    case KeyType::paths: return (directory_ / *text).lexically_normal().string();
    case KeyType::digest:
    case KeyType::digest_list:
    case KeyType::digests: return lower_case(*text);
    default: return *text;
  }
}

std::optional<std::string> ProfileReader::text(const Key& key, const TomlValue& value) {
  return checked_text(key, value);
}

std::optional<std::uint64_t> ProfileReader::number(const Key& key, const TomlValue& value) {
  std::optional<std::uint64_t> result;
  const bool is_size = key.type == KeyType::size;
  if (const auto* integer = std::get_if<std::int64_t>(&value.content); integer && *integer >= 0)
    result = static_cast<std::uint64_t>(*integer);
  if (const auto* text = std::get_if<std::string>(&value.content))
    result = is_size ? size_from(*text) : hexadecimal_from(*text);
  if (key.type == KeyType::number &&
      (!result || *result > UINT32_MAX || std::holds_alternative<std::string>(value.content)))
    return wrong(key, value);
  if (key.type == KeyType::seconds && (!result || *result == 0 || *result > 1'000'000 ||
                                       std::holds_alternative<std::string>(value.content)))
    return wrong(key, value);
  if (!result) return wrong(key, value);
  if (is_size && *result == 0) return refused(key, value.place, "nothing fits into 0 bytes");
  return result;
}

std::optional<bool> ProfileReader::flag(const Key& key, const TomlValue& value) {
  const auto* truth = std::get_if<bool>(&value.content);
  if (truth == nullptr || !*truth) return wrong(key, value);
  return true;
}

std::optional<std::size_t> ProfileReader::choice(const Key& key, const TomlValue& value) {
  const auto* text = std::get_if<std::string>(&value.content);
  if (text == nullptr) return wrong(key, value);
  const auto found = std::ranges::find(key.members, *text);
  if (found != key.members.end()) return static_cast<std::size_t>(found - key.members.begin());
  const std::string meant = did_you_mean(*text, key.members);
  return refused(key, value.place,
                 fmt::format("{} is none of {}{}{}", toml_quoted(*text), members_of(key),
                             meant.empty() ? "" : ": ", meant));
}

std::optional<std::vector<std::string>> ProfileReader::texts(const Key& key,
                                                             const TomlValue& value) {
  if (key.type == KeyType::paths && std::holds_alternative<std::string>(value.content)) {
    auto single = checked_text(key, value);
    if (!single) return std::nullopt;
    return std::vector<std::string>{std::move(*single)};
  }
  const auto* list = std::get_if<std::vector<TomlValue>>(&value.content);
  if (list == nullptr || (list->empty() && key.type == KeyType::sources)) return wrong(key, value);
  std::vector<std::string> result;
  for (const TomlValue& item : *list) {
    std::optional<std::string> taken;
    if (key.type == KeyType::choices) {
      if (const auto index = choice(key, item)) taken = std::string(key.members[*index]);
    } else {
      taken = checked_text(key, item);
    }
    if (!taken) continue;
    const bool may_repeat = key.type == KeyType::paths || key.type == KeyType::digest_list;
    if (std::ranges::find(result, *taken) != result.end() && !may_repeat)
      refused(key, item.place, fmt::format("{} is there twice", toml_quoted(*taken)));
    result.push_back(std::move(*taken));
  }
  return result;
}

std::optional<std::map<std::string, std::string>> ProfileReader::text_map(const Key& key,
                                                                          const TomlValue& value) {
  const auto* table = std::get_if<TomlTable>(&value.content);
  if (table == nullptr) return wrong(key, value);
  std::map<std::string, std::string> result;
  for (const TomlEntry& entry : table->entries) {
    if (const auto why = map_key_fault(key, entry.key)) {
      refused(key, entry.place, *why);
      continue;
    }
    if (auto text = checked_text(key, entry.value)) result.emplace(entry.key, std::move(*text));
  }
  return result;
}

std::optional<std::vector<std::uint32_t>> ProfileReader::widths(const Key& key,
                                                                const TomlValue& value) {
  const auto* list = std::get_if<std::vector<TomlValue>>(&value.content);
  if ((list != nullptr) != (key.type == KeyType::widths) || (list != nullptr && list->empty()))
    return wrong(key, value);
  std::vector<std::uint32_t> result;
  for (const TomlValue& item : list == nullptr ? std::vector<TomlValue>{value} : *list) {
    const auto* bits = std::get_if<std::int64_t>(&item.content);
    if (bits == nullptr || (*bits != 8 && *bits != 16 && *bits != 32)) return wrong(key, item);
    if (std::ranges::find(result, static_cast<std::uint32_t>(*bits)) != result.end())
      return refused(key, item.place, fmt::format("{} is there twice", *bits));
    result.push_back(static_cast<std::uint32_t>(*bits));
  }
  return result;
}

void ProfileReader::settings(const Key& key, const TomlValue& value, Policy& policy) {
  const auto* implementations = std::get_if<TomlTable>(&value.content);
  if (implementations == nullptr) {
    wrong(key, value);
    return;
  }
  for (const TomlEntry& implementation : implementations->entries) {
    const std::string path = joined_path(key.path, implementation.key);
    if (!is_name(implementation.key)) {
      refused(key, implementation.place,
              fmt::format("{} is no name of an implementation: {}", toml_quoted(implementation.key),
                          name_rule));
      continue;
    }
    const auto* table = std::get_if<TomlTable>(&implementation.value.content);
    if (table == nullptr) {
      complain(implementation.value.place, fmt::format("{}: wanted a table ([{}]), found {}", path,
                                                       path, described(implementation.value)));
      continue;
    }
    auto& values = policy.settings[implementation.key];
    for (const TomlEntry& entry : table->entries) {
      const auto* text = std::get_if<std::string>(&entry.value.content);
      if (text == nullptr)
        complain(entry.value.place, fmt::format("{}.{}: wanted a string, found {}", path, entry.key,
                                                described(entry.value)));
      else if (const auto why = text_fault(KeyType::text, *text))
        complain(entry.value.place, fmt::format("{}.{}: {}", path, entry.key, *why));
      else
        values[entry.key] = {*text, origin(entry.value.place)};
    }
  }
}

// Lists of tables.

ProfileReader::Field ProfileReader::field(const Key& list, const TomlTable& table,
                                          std::string_view name) {
  return {find_key(joined_path(list.path, name)), table.find(name)};
}

std::optional<std::string> ProfileReader::text_field(const Key& list, const TomlTable& table,
                                                     std::string_view name) {
  const Field found = field(list, table, name);
  return found.value == nullptr ? std::nullopt : checked_text(*found.key, *found.value);
}

bool ProfileReader::complete(const Key& list, const TomlTable& table, TextPlace place) {
  const std::size_t before = complaints_.size();
  for (const TomlEntry& entry : table.entries)
    if (entry.key.find('.') != std::string::npos ||
        find_key(joined_path(list.path, entry.key)) == nullptr)
      unknown_key(entry, list.path);
  for (const Key& key : schema())
    if (key.required && key.table() == list.path && table.find(key.name()) == nullptr)
      refused(list, place, fmt::format("\"{}\" is missing", key.name()));
  return complaints_.size() == before;
}

bool ProfileReader::each_table(const Key& key, const TomlValue& value,
                               const std::function<bool(const TomlTable&, TextPlace)>& take) {
  const auto* list = std::get_if<std::vector<TomlValue>>(&value.content);
  if (list == nullptr) {
    wrong(key, value);
    return false;
  }
  bool all = true;
  for (const TomlValue& item : *list) {
    const auto* table = std::get_if<TomlTable>(&item.content);
    if (table == nullptr) wrong(key, item);
    all = table != nullptr && complete(key, *table, item.place) && take(*table, item.place) && all;
  }
  return all;
}

std::optional<std::vector<ReservedWindow>> ProfileReader::windows(const Key& key,
                                                                  const TomlValue& value) {
  std::vector<ReservedWindow> result;
  each_table(key, value, [&](const TomlTable& table, TextPlace) {
    const Field start_field = field(key, table, "start");
    const Field size_field = field(key, table, "size");
    const auto start = number(*start_field.key, *start_field.value);
    const auto size = number(*size_field.key, *size_field.value);
    auto reason = text_field(key, table, "reason");
    if (!start || !size || !reason) return false;
    if (*size > UINT64_MAX - *start)
      refused(*size_field.key, size_field.value->place,
              "the window reaches over the end of the 64-bit address space");
    result.push_back({Range::sized(*start, *size), std::move(*reason)});
    return true;
  });
  return result;
}

std::optional<std::vector<UartSpec>> ProfileReader::uarts(const Key& key, const TomlValue& value) {
  const auto* list = std::get_if<std::vector<TomlValue>>(&value.content);
  if (list == nullptr) return wrong(key, value);
  std::vector<UartSpec> result;
  for (const TomlValue& item : *list) {
    const auto* table = std::get_if<TomlTable>(&item.content);
    if (table == nullptr) return wrong(key, item);
    auto uart = read_uart(*this, *table, item.place);
    if (!uart) continue;
    if (std::ranges::find(result, uart->name, &UartSpec::name) != result.end())
      refused(key, item.place, fmt::format("{} is there twice", toml_quoted(uart->name)));
    result.push_back(std::move(*uart));
  }
  return result;
}

std::optional<std::vector<PropertyValue>> ProfileReader::property_values(const Key& key,
                                                                         const TomlValue& value) {
  constexpr std::string_view kinds[] = {"string", "strings", "cells", "u64", "bytes", "flag"};
  std::vector<PropertyValue> result;
  each_table(key, value, [&](const TomlTable& table, TextPlace place) {
    auto node = text_field(key, table, "node");
    auto property = text_field(key, table, "property");
    std::vector<Field> values;
    for (const std::string_view kind : kinds)
      if (const Field found = field(key, table, kind); found.value != nullptr)
        values.push_back(found);
    if (values.size() != 1) {
      refused(key, place,
              fmt::format("wanted exactly one of {}, found {}", quoted_list(kinds), values.size()));
      return false;
    }
    auto bytes = encoded(*values[0].key, *values[0].value);
    if (!node || !property || !bytes) return false;
    result.push_back({std::move(*node), std::move(*property), std::move(*bytes)});
    return true;
  });
  return result;
}

std::optional<ByteVector> ProfileReader::encoded(const Key& key, const TomlValue& value) {
  ByteVector bytes;
  const auto add_string = [&](const std::string& text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.push_back(0);
  };
  const auto add_number = [&]<class T>(T number) {
    bytes.resize(bytes.size() + sizeof number);
    store(std::span(bytes), bytes.size() - sizeof number, number, Endian::big);
  };
  const auto* list = std::get_if<std::vector<TomlValue>>(&value.content);
  switch (key.type) {
    case KeyType::strings:
      if (list == nullptr || list->empty()) return wrong(key, value);
      for (const TomlValue& item : *list) {
        const auto text = checked_text(key, item);
        if (!text) return std::nullopt;
        add_string(*text);
      }
      return bytes;
    case KeyType::cells:
      if (list == nullptr || list->empty()) return wrong(key, value);
      for (const TomlValue& item : *list) {
        const auto* cell = std::get_if<std::int64_t>(&item.content);
        if (cell == nullptr || *cell < 0 || *cell > UINT32_MAX) return wrong(key, item);
        add_number(static_cast<std::uint32_t>(*cell));
      }
      return bytes;
    case KeyType::address:
      if (const auto wide = number(key, value)) {
        add_number(*wide);
        return bytes;
      }
      return std::nullopt;
    case KeyType::hex_bytes: {
      const auto* text = std::get_if<std::string>(&value.content);
      auto decoded = text == nullptr ? std::nullopt : bytes_from_hexadecimal(*text);
      if (!decoded) return wrong(key, value);
      return decoded;
    }
    case KeyType::flag:
      if (!flag(key, value)) return std::nullopt;
      return bytes;
    default: break;
  }
  const auto text = checked_text(key, value);
  if (!text) return std::nullopt;
  add_string(*text);
  return bytes;
}

std::optional<std::vector<PropertyName>> ProfileReader::property_names(const Key& key,
                                                                       const TomlValue& value) {
  std::vector<PropertyName> result;
  each_table(key, value, [&](const TomlTable& table, TextPlace place) {
    auto node = text_field(key, table, "node");
    const bool whole_node = table.find("property") == nullptr;
    auto property = whole_node ? std::string() : text_field(key, table, "property");
    if (!node || !property) return false;
    if (*node == "/" && whole_node) {
      refused(key, place, "the root node cannot be deleted: name a property");
      return false;
    }
    result.push_back({std::move(*node), std::move(*property)});
    return true;
  });
  return result;
}

}  // namespace kxf
