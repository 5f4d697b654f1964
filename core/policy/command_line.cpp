// SPDX-License-Identifier: Apache-2.0
#include "policy/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kxf {
namespace {

/// What follows this parameter is for init, not for the kernel (parse_args() in kernel/params.c).
constexpr std::string_view end_of_parameters = "--";

/// isspace() of the kernel, but for 0xa0: its table holds Latin-1, where that is a space
/// (lib/ctype.c). To separate there would tear UTF-8 characters that user space reads later.
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// A parameter as next_arg() takes it apart.
struct Parameter {
  std::string_view name;
  std::optional<std::string_view> value;
};

Parameter parameter_of(std::string_view text) {
  // A quote in front of the name protects the whole parameter; its end goes as well.
  if (text.starts_with('"')) {
    text.remove_prefix(1);
    if (text.ends_with('"')) text.remove_suffix(1);
  }
  // A "=" at the very start does not end an (empty) name.
  const std::size_t equals = text.find('=', 1);
  if (equals == std::string_view::npos) return {text, std::nullopt};
  std::string_view value = text.substr(equals + 1);
  if (value.starts_with('"')) {
    value.remove_prefix(1);
    if (value.ends_with('"')) value.remove_suffix(1);
  }
  return {text.substr(0, equals), value};
}

/// parameq(): dashes and underscores are the same.
bool same_name(std::string_view one, std::string_view other) {
  const auto folded = [](char c) { return c == '-' ? '_' : c; };
  return std::ranges::equal(one, other, {}, folded, folded);
}

bool has_open_quote(std::string_view text) { return std::ranges::count(text, '"') % 2 != 0; }

/// A command line in its two parts.
struct Parts {
  std::vector<std::string> parameters;
  std::vector<std::string> for_init;  ///< behind `--`
};

Parts parts_of(std::string_view text) {
  Parts parts;
  std::vector<std::string>* current = &parts.parameters;
  for (std::string& word : split_command_line(text)) {
    if (current == &parts.parameters && word == end_of_parameters)
      current = &parts.for_init;
    else
      current->push_back(std::move(word));
  }
  return parts;
}

std::string joined(const Parts& parts) {
  std::string text;
  const auto add = [&](std::string_view word) {
    if (!text.empty()) text += ' ';
    text += word;
  };
  for (const std::string& word : parts.parameters) add(word);
  if (!parts.for_init.empty()) add(end_of_parameters);
  for (const std::string& word : parts.for_init) add(word);
  return text;
}

/// Is `parameter` what an entry of the profile's list removes: a name, or an exact name=value?
bool is_removed_by(std::string_view parameter, std::string_view entry) {
  const Parameter wanted = parameter_of(entry);
  const Parameter found = parameter_of(parameter);
  return same_name(found.name, wanted.name) && (!wanted.value || found.value == wanted.value);
}

void remove(Parts& parts, std::string_view entry, const std::string& reason, bool say_when_absent,
            Record& record) {
  std::vector<std::string> kept;
  for (std::string& parameter : parts.parameters) {
    if (is_removed_by(parameter, entry))
      record.decide("command-line", fmt::format("{} removed", parameter), reason);
    else
      kept.push_back(std::move(parameter));
  }
  if (say_when_absent && kept.size() == parts.parameters.size())
    record.decide("command-line", fmt::format("no {} to remove", entry), reason);
  parts.parameters = std::move(kept);
}

/// What the policy starts from, and how messages call it.
struct Base {
  std::string_view text;
  std::string source;
  bool removable = false;  ///< it is not the policy's own text
};

Base base_of(const Policy& policy, std::string_view running,
             const std::optional<std::string>& image_command_line, Record& record) {
  if (policy.command_line_mode.value == CommandLineMode::reuse) {
    record.decide("command-line", "the running kernel's", policy.command_line_mode.origin);
    return {running, "the running kernel's command line", true};
  }
  if (policy.command_line.is_set()) {
    record.decide(
        "command-line", "the policy's text",
        policy.command_line.origin + (image_command_line ? "; the image's own is not used" : ""));
    return {policy.command_line.value, policy.command_line.origin, false};
  }
  if (image_command_line) {
    record.decide("command-line", "the image's own", "the policy has no text for it");
    return {*image_command_line, "the image's command line", true};
  }
  record.decide("command-line", "empty at first", "neither the policy nor the image has one");
  return {};
}

/// /proc/cmdline ends with a newline; the section of a UKI with that or with zeros.
std::string_view without_padding(std::string_view text) {
  while (!text.empty() && (text.back() == '\0' || is_space(text.back()))) text.remove_suffix(1);
  return text;
}

Status check_characters(std::string_view text, std::string_view source) {
  for (const auto& [character, name] : {std::pair{'\0', "a zero byte"}, {'\n', "a line break"}})
    if (const std::size_t at = text.find(character); at != std::string_view::npos)
      return refuse(fmt::format("command line: {} at byte {} of {}", name, at, source),
                    "give the command line as text of one line");
  return {};
}

/// Put `text` behind the parameters; what it has for init, behind that for init.
/// Errors: as for compose_command_line().
Status append(Parts& parts, std::string_view text, const std::string& origin,
              std::string_view base_source, Record& record) {
  text = without_padding(text);
  if (text.empty()) return {};
  KXF_CHECK(check_characters(text, origin));
  if (has_open_quote(joined(parts)))
    return refuse(fmt::format("command line: a double quote of {} is never closed, what {} "
                              "appends would become part of it",
                              base_source, origin),
                  "close it, or replace the command line as a whole");
  const Parts more = parts_of(text);
  parts.parameters.insert(parts.parameters.end(), more.parameters.begin(), more.parameters.end());
  parts.for_init.insert(parts.for_init.end(), more.for_init.begin(), more.for_init.end());
  record.decide("command-line", fmt::format("{} appended", text), origin);
  return {};
}

void remove_for_crash(Parts& parts, const Setting<std::vector<std::string>>& entries,
                      Record& record) {
  remove(parts, "crashkernel", "a crash kernel reserves no memory for another", false, record);
  const std::string reason =
      entries.is_set() ? entries.origin : "a crash kernel has little memory, and all of it at once";
  for (const std::string& entry : entries.value)
    remove(parts, entry, reason, entries.is_set(), record);
}

struct Appended {
  std::string text;
  std::string origin;
};

/// What a crash kernel's command line gets. `own` is what the policy itself put there so far: of
/// `automatic` only what neither that nor what it appends gives, whatever its value.
Appended crash_parameters(const Policy& policy, const Parts& own, std::string_view automatic) {
  const Setting<std::string>& setting = policy.crash_command_line_append;
  if (without_padding(setting.value) != "auto") return {setting.value, setting.origin};
  const Parts later = parts_of(policy.command_line_append.value);
  const auto given = [&](const std::string& parameter) {
    const auto same = [name = parameter_of(parameter).name](const std::string& other) {
      return has_parameter_name(other, name);
    };
    return std::ranges::any_of(own.parameters, same) || std::ranges::any_of(later.parameters, same);
  };
  Parts parts = parts_of(automatic);
  std::erase_if(parts.parameters, given);
  return {joined(parts), "what crash kernels of this architecture need"};
}

}  // namespace

std::vector<std::string> split_command_line(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_quotes = false;
  for (const char c : text) {
    if (c == '"') in_quotes = !in_quotes;
    if (!is_space(c) || in_quotes) {
      word += c;
    } else if (!word.empty()) {
      words.push_back(std::move(word));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool has_parameter_name(std::string_view parameter, std::string_view name) {
  return same_name(parameter_of(parameter).name, name);
}

std::optional<std::string> last_parameter(std::string_view command_line, std::string_view name) {
  std::optional<std::string> last;
  for (const std::string& parameter : parts_of(command_line).parameters)
    if (has_parameter_name(parameter, name))
      last = std::string(parameter_of(parameter).value.value_or(""));
  return last;
}

std::string with_parameter(std::string_view command_line, std::string_view parameter) {
  Parts parts = parts_of(command_line);
  parts.parameters.emplace_back(parameter);
  return joined(parts);
}

Result<std::string> compose_command_line(const Policy& policy, std::string_view running,
                                         const std::optional<std::string>& image_command_line,
                                         const CommandLineRules& rules, Record& record) {
  Base base = base_of(policy, running, image_command_line, record);
  base.text = without_padding(base.text);
  KXF_CHECK(check_characters(base.text, base.source));

  Parts parts = parts_of(base.text);
  if (policy.command_line_mode.value == CommandLineMode::reuse) {
    remove(parts, "BOOT_IMAGE", "it names the running kernel's file", false, record);
    remove(parts, "elfcorehdr", "it points into the memory of the kernel before this one", false,
           record);
  }
  if (base.removable) {
    if (policy.crash) remove_for_crash(parts, policy.crash_command_line_remove, record);
    for (const std::string& entry : policy.command_line_remove.value)
      remove(parts, entry, policy.command_line_remove.origin, true, record);
  }
  if (policy.crash) {
    const Appended crash =
        crash_parameters(policy, base.removable ? Parts() : parts, rules.crash_parameters);
    KXF_CHECK(append(parts, crash.text, crash.origin, base.source, record));
  }
  KXF_CHECK(append(parts, policy.command_line_append.value, policy.command_line_append.origin,
                   base.source, record));

  std::string result = joined(parts);
  const std::uint64_t size_bytes = result.size() + 1;
  if (size_bytes > rules.limit_bytes)
    return refuse(fmt::format("command line: {} bytes with its final zero are {} more than the {} "
                              "that the next kernel takes",
                              size_bytes, size_bytes - rules.limit_bytes, rules.limit_bytes),
                  fmt::format("shorten it by {} bytes or more: see command-line.remove and append",
                              size_bytes - rules.limit_bytes));
  return result;
}

}  // namespace kxf
