// SPDX-License-Identifier: Apache-2.0
#include "policy/text_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "policy/command_line.hpp"
#include "text/nearest.hpp"

namespace kxf {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }
bool is_hexadecimal(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::optional<std::uint64_t> number_from(std::string_view digits, int base) {
  std::uint64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, status] = std::from_chars(digits.data(), end, value, base);
  if (status != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// Names of nodes and properties: Devicetree Specification v0.4, sections 2.2.1 and 2.2.4.1. Their
// length is left alone, as real trees exceed its 31 characters.
std::optional<std::string> node_fault(std::string_view path) {
  if (!path.starts_with('/')) return "wanted an absolute path of a node, such as \"/chosen\"";
  if (path == "/") return std::nullopt;
  if (path.ends_with('/') || path.find("//") != std::string_view::npos)
    return "a node without a name in the path";
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || std::string_view(",._+-@/").find(c) != std::string_view::npos;
  };
  if (!std::ranges::all_of(path, allowed))
    return "node names have letters, digits and \",._+-@\" only";
  return std::nullopt;
}

std::optional<std::string> property_fault(std::string_view name) {
  const auto allowed = [](char c) {
    return is_alphanumeric(c) || std::string_view(",._+?#-").find(c) != std::string_view::npos;
  };
  if (name.empty() || !std::ranges::all_of(name, allowed))
    return "property names have letters, digits and \",._+?#-\" only, and at least one";
  return std::nullopt;
}

std::optional<std::string> sink_fault(std::string_view sink) {
  if (is_name(sink)) return std::nullopt;
  const bool earlycon =
      sink.find(',') != std::string_view::npos &&
      std::ranges::all_of(sink, [](char c) { return is_alphanumeric(c) || (c > ' ' && c <= '~'); });
  if (earlycon) return std::nullopt;
  return fmt::format(
      "{} is no sink: wanted \"auto\", \"none\", a name or an earlycon string "
      "such as \"pl011,0x9000000\"",
      toml_quoted(sink));
}

std::optional<std::string> breadcrumb_fault(std::string_view place) {
  if (place == "none" || place == "ramoops" || hexadecimal_from(place)) return std::nullopt;
  return fmt::format(
      "{} is no place for a breadcrumb: wanted \"none\", \"ramoops\" or a physical address such as "
      "\"0x7ff00000\"",
      toml_quoted(place));
}

std::optional<std::string> parameter_fault(std::string_view parameter) {
  if (parameter == "--") return "\"--\" is no parameter: it ends them";
  if (split_command_line(parameter).size() != 1)
    return fmt::format("wanted one parameter, a name or an exact \"name=value\", found {}",
                       toml_quoted(parameter));
  return std::nullopt;
}

std::optional<std::string> digest_fault(std::string_view digest) {
  constexpr std::size_t sha256_digits = 64;
  if (digest.size() == sha256_digits && std::ranges::all_of(digest, is_hexadecimal))
    return std::nullopt;
  return fmt::format("wanted {} hexadecimal digits of a SHA-256, found {} characters",
                     sha256_digits, digest.size());
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::optional<std::string> text_fault(KeyType type, std::string_view text) {
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);  // char is unsigned on some architectures
    if (c == '\n') return "a line break inside";
    if ((code < 0x20 && c != '\t') || code == 0x7f)
      return fmt::format("a control character (U+{:04X}) inside", code);
  }
  switch (type) {
    case KeyType::label:
    case KeyType::texts:
      if (text.empty()) return "an empty string";
      return std::nullopt;
    case KeyType::path:
    case KeyType::paths:
    case KeyType::tree_path:
      if (text.empty()) return "an empty string where a path is needed";
      return std::nullopt;
    case KeyType::command_line:
      if (std::ranges::count(text, '"') % 2 != 0)
        return "an odd number of double quotes: the last one would protect all that follows";
      return std::nullopt;
    case KeyType::name:
    case KeyType::names:
    case KeyType::sources:
    case KeyType::names_map:
      if (is_name(text)) return std::nullopt;
      return fmt::format("{} is no name: {}", toml_quoted(text), name_rule);
    case KeyType::sink: return sink_fault(text);
    case KeyType::breadcrumb: return breadcrumb_fault(text);
    case KeyType::parameters: return parameter_fault(text);
    case KeyType::digest:
    case KeyType::digest_list:
    case KeyType::digests: return digest_fault(text);
    case KeyType::node: return node_fault(text);
    case KeyType::property: return property_fault(text);
    default: return std::nullopt;
  }
}

std::optional<std::string> map_key_fault(const Key& key, std::string_view name) {
  if (key.type == KeyType::digests) {
    if (!name.empty() && name.find('/') == std::string_view::npos &&
        !text_fault(KeyType::text, name))
      return std::nullopt;
    return fmt::format("{} is no file name: pins go by the file's name without directories",
                       toml_quoted(name));
  }
  // Kinds that exist, yet of which nothing is chosen here.
  if (name == "memory-source") return "memory sources are chosen by memory.sources";
  if (name == "board-check") return "board checks are not chosen: all of them run";
  if (std::ranges::find(key.members, name) != key.members.end()) return std::nullopt;
  const std::string meant = did_you_mean(name, key.members);
  return fmt::format("unknown kind {}: {}", toml_quoted(name),
                     meant.empty() ? "wanted " + wanted_by(key) : meant);
}

std::optional<std::uint64_t> hexadecimal_from(std::string_view text) {
  if (!text.starts_with("0x")) return std::nullopt;
  return number_from(text.substr(2), 16);
}

std::optional<std::uint64_t> size_from(std::string_view text) {
  if (text.starts_with("0x")) return hexadecimal_from(text);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = number_from(text.substr(0, digits), 10);
  std::string_view unit = text.substr(digits);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  constexpr std::string_view units[] = {"", "KiB", "MiB", "GiB", "TiB"};
  const auto* found = std::ranges::find(units, unit);
  if (!count || found == std::end(units) || (unit.empty() && digits != text.size()))
    return std::nullopt;
  const auto shift = static_cast<unsigned>(10 * (found - std::begin(units)));
  if (*count > (UINT64_MAX >> shift)) return std::nullopt;
  return *count << shift;
}

std::optional<ByteVector> bytes_from_hexadecimal(std::string_view text) {
  ByteVector bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    if (text.size() - i < 2 || !is_hexadecimal(text[i]) || !is_hexadecimal(text[i + 1]))
      return std::nullopt;
    bytes.push_back(static_cast<std::uint8_t>(*number_from(text.substr(i, 2), 16)));
    i += 2;
  }
  if (bytes.empty()) return std::nullopt;
  return bytes;
}

}  // namespace kxf
