// SPDX-License-Identifier: Apache-2.0
#include "policy/toml_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdint>
#include <filesystem>
#include <system_error>

namespace kxf {
namespace {

std::string absolute(const std::string& path) {
  std::error_code error;
  const std::filesystem::path full = std::filesystem::absolute(path, error);
  return error ? path : full.lexically_normal().string();
}

std::string size_of(std::uint64_t size_bytes) {
  constexpr std::string_view units[] = {"KiB", "MiB", "GiB", "TiB"};
  constexpr std::uint64_t step = 1024;
  std::string text = size_bytes <= INT64_MAX ? fmt::format("{}", size_bytes)
                                             : fmt::format("\"{:#x}\"", size_bytes);
  for (const std::string_view unit : units) {
    if (size_bytes == 0 || size_bytes % step != 0) break;
    size_bytes /= step;
    text = fmt::format("\"{} {}\"", size_bytes, unit);
  }
  return text;
}

/// A list of inline tables, which TOML holds equal to repeated [[headers]].
std::string list_of_tables(const std::vector<std::string>& tables) {
  if (tables.empty()) return "[]";
  return fmt::format("[\n  {},\n]", fmt::join(tables, ",\n  "));
}

}  // namespace

std::string toml_of(KeyType type, const std::string& value) {
  const bool path = type == KeyType::path || type == KeyType::paths ||
                    (type == KeyType::tree_path && value != "running");
  return toml_quoted(path ? absolute(value) : value);
}

std::string toml_of(KeyType type, std::uint64_t value) {
  return type == KeyType::seconds ? fmt::format("{}", value) : size_of(value);
}

std::string toml_of(KeyType type, const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const std::string& value : values) quoted.push_back(toml_of(type, value));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string toml_of(KeyType /*type*/, const std::map<std::string, std::string>& values) {
  if (values.empty()) return "{}";
  std::vector<std::string> pairs;
  for (const auto& [key, value] : values)
    pairs.push_back(fmt::format("{} = {}", toml_key(key), toml_quoted(value)));
  return fmt::format("{{ {} }}", fmt::join(pairs, ", "));
}

std::string toml_of(KeyType /*type*/, const std::vector<ReservedWindow>& windows) {
  std::vector<std::string> tables;
  for (const ReservedWindow& window : windows)
    tables.push_back(fmt::format("{{ start = \"{:#x}\", size = {}, reason = {} }}",
                                 window.range.start, size_of(window.range.size_bytes()),
                                 toml_quoted(window.reason)));
  return list_of_tables(tables);
}

std::string toml_of(KeyType /*type*/, const std::vector<PropertyValue>& properties) {
  std::vector<std::string> tables;
  for (const PropertyValue& property : properties)
    tables.push_back(fmt::format(
        "{{ node = {}, property = {}, {} }}", toml_quoted(property.node),
        toml_quoted(property.property),
        property.value.empty() ? "flag = true"
                               : fmt::format("bytes = \"{:02x}\"", fmt::join(property.value, ""))));
  return list_of_tables(tables);
}

std::string toml_of(KeyType /*type*/, const std::vector<PropertyName>& properties) {
  std::vector<std::string> tables;
  for (const PropertyName& property : properties)
    tables.push_back(property.property.empty()
                         ? fmt::format("{{ node = {} }}", toml_quoted(property.node))
                         : fmt::format("{{ node = {}, property = {} }}", toml_quoted(property.node),
                                       toml_quoted(property.property)));
  return list_of_tables(tables);
}

namespace {

/// `{ a = 1, b = "x" }` from its pairs; those without a value are left out.
std::string inline_table(const std::vector<std::pair<std::string_view, std::string>>& pairs) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : pairs)
    if (!value.empty()) texts.push_back(fmt::format("{} = {}", key, value));
  return fmt::format("{{ {} }}", fmt::join(texts, ", "));
}

std::string unless_zero(std::uint32_t value) {
  return value == 0 ? std::string() : fmt::format("{:#x}", value);
}

std::string member_of(std::string_view path, std::size_t index) {
  return index == 0 ? std::string() : toml_quoted(find_key(path)->members[index]);
}

std::string names_of(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : toml_of(KeyType::texts, names);
}

std::string device_of(const UartDevice& device) {
  return inline_table({
      {"earlycon", names_of(device.earlycon)},
      {"compatible", names_of(device.compatibles)},
      {"access", fmt::format("[{}]", fmt::join(device.access_bits, ", "))},
      {"shift", unless_zero(device.register_shift)},
      {"base", unless_zero(device.base)},
      {"byte-order",
       member_of("console.uart.device.byte-order", static_cast<std::size_t>(device.byte_order))},
      {"fixed", device.fixed ? "true" : ""},
  });
}

std::string register_of(const UartRegister& reg) {
  return inline_table({{"name", toml_quoted(reg.name)},
                       {"offset", fmt::format("{:#x}", reg.offset)},
                       {"width", reg.width_bits ? std::to_string(*reg.width_bits) : ""}});
}

std::string step_of(const UartStep& step, const std::string& reg) {
  const std::string mask = fmt::format("{:#x}", step.mask);
  const std::string value = fmt::format("{:#x}", step.value);
  switch (step.op) {
    case SinkOp::poll:
    case SinkOp::poll_while:
      return inline_table({{"poll", toml_quoted(reg)},
                           {"mask", mask},
                           {step.op == SinkOp::poll ? "value" : "while", value},
                           {"count", std::to_string(step.count)}});
    case SinkOp::clear: return inline_table({{"clear", toml_quoted(reg)}, {"mask", mask}});
    case SinkOp::write: return inline_table({{"write", toml_quoted(reg)}, {"value", value}});
    default: return inline_table({{"put", toml_quoted(reg)}, {"shift", unless_zero(step.shift)}});
  }
}

}  // namespace

std::string toml_of(KeyType /*type*/, const std::vector<UartSpec>& uarts) {
  std::vector<std::string> tables;
  for (const UartSpec& uart : uarts) {
    std::vector<std::string> devices;
    for (const UartDevice& device : uart.devices) devices.push_back(device_of(device));
    std::vector<std::string> registers;
    for (const UartRegister& reg : uart.registers) registers.push_back(register_of(reg));
    std::vector<std::string> steps;
    for (const UartStep& step : uart.steps)
      steps.push_back(step_of(step, uart.registers[step.reg].name));
    tables.push_back(inline_table({
        {"name", toml_quoted(uart.name)},
        {"summary", toml_quoted(uart.summary)},
        {"source", toml_of(KeyType::texts, uart.source)},
        {"rank", uart.rank ? std::to_string(*uart.rank) : ""},
        {"offsets", member_of("console.uart.offsets", static_cast<std::size_t>(uart.offsets))},
        {"device", fmt::format("[{}]", fmt::join(devices, ", "))},
        {"register", fmt::format("[{}]", fmt::join(registers, ", "))},
        {"step", fmt::format("[{}]", fmt::join(steps, ", "))},
    }));
  }
  return list_of_tables(tables);
}

}  // namespace kxf
