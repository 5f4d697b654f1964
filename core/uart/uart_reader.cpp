// SPDX-License-Identifier: Apache-2.0
#include "uart/uart_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "text/nearest.hpp"
#include "uart/uart_table.hpp"

namespace kxf {
namespace {

constexpr std::string_view table_path = "console.uart";
constexpr std::uint32_t max_rank = 1'000'000;
// More than any device that is known has; the device's own length is checked when there is one.
constexpr std::uint32_t max_offset = 1U << 20U;
constexpr std::string_view too_far = "no UART has registers that far from its address";

/// The keys of one table of a UART, read one by one. What is wrong becomes complaints.
class TableReader {
 public:
  TableReader(ProfileReader& reader, std::string_view list_path, const TomlTable& table)
      : reader_(reader), list_(*find_key(list_path)), table_(table) {}

  [[nodiscard]] bool has(std::string_view name) const { return table_.find(name) != nullptr; }
  [[nodiscard]] TextPlace place(std::string_view name) const { return table_.find(name)->place; }

  /// Did every key so far that is there give a value?
  [[nodiscard]] bool sound() const { return sound_; }

  std::string text(std::string_view name) {
    return take<std::string>(
        name, [&](const Key& key, const TomlValue& value) { return reader_.text(key, value); });
  }
  std::vector<std::string> texts(std::string_view name) {
    return take<std::vector<std::string>>(
        name, [&](const Key& key, const TomlValue& value) { return reader_.texts(key, value); });
  }
  std::optional<std::uint32_t> number(std::string_view name) {
    if (!has(name)) return std::nullopt;
    return static_cast<std::uint32_t>(take<std::uint64_t>(
        name, [&](const Key& key, const TomlValue& value) { return reader_.number(key, value); }));
  }
  template <class Choice>
  Choice choice(std::string_view name, Choice otherwise) {
    if (!has(name)) return otherwise;
    return static_cast<Choice>(take<std::size_t>(
        name, [&](const Key& key, const TomlValue& value) { return reader_.choice(key, value); }));
  }
  std::vector<std::uint32_t> widths(std::string_view name) {
    return take<std::vector<std::uint32_t>>(
        name, [&](const Key& key, const TomlValue& value) { return reader_.widths(key, value); });
  }
  bool flag(std::string_view name) {
    return take<bool>(name, [&](const Key& key, const TomlValue& value) -> std::optional<bool> {
      if (const auto* truth = std::get_if<bool>(&value.content); truth != nullptr && *truth)
        return true;
      reader_.wrong(key, value);
      return std::nullopt;
    });
  }

  void refuse_key(std::string_view name, std::string_view why) {
    const auto field = ProfileReader::field(list_, table_, name);
    reader_.refused(*field.key, field.value->place, why);
    sound_ = false;
  }

 private:
  template <class Value, class Reader>
  Value take(std::string_view name, const Reader& read) {
    const auto field = ProfileReader::field(list_, table_, name);
    if (field.value == nullptr) return {};
    auto value = read(*field.key, *field.value);
    if (!value) sound_ = false;
    return value ? std::move(*value) : Value{};
  }

  ProfileReader& reader_;
  const Key& list_;
  const TomlTable& table_;
  bool sound_ = true;
};

std::optional<UartDevice> read_device(ProfileReader& reader, const TomlTable& table,
                                      TextPlace place) {
  TableReader keys(reader, "console.uart.device", table);
  UartDevice device;
  device.earlycon = keys.texts("earlycon");
  device.compatibles = keys.texts("compatible");
  device.access_bits = keys.widths("access");
  device.register_shift = keys.number("shift").value_or(0);
  device.base = keys.number("base").value_or(0);
  device.byte_order = keys.choice("byte-order", UartByteOrder::little);
  device.fixed = keys.flag("fixed");
  if (!keys.sound()) return std::nullopt;
  if (device.earlycon.empty() && device.compatibles.empty()) {
    reader.refused(*find_key("console.uart.device"), place,
                   "wanted a name in \"earlycon\" or \"compatible\"");
    return std::nullopt;
  }
  for (const std::string& name : device.earlycon)
    if (name.find(',') != std::string::npos || name.find(' ') != std::string::npos)
      keys.refuse_key("earlycon", fmt::format("{} cannot be written behind earlycon=: a comma or "
                                              "a space ends the name",
                                              toml_quoted(name)));
  if (device.base > max_offset) keys.refuse_key("base", too_far);
  if (device.register_shift > 8) keys.refuse_key("shift", "no registers are over 256 bytes apart");
  if (!keys.sound()) return std::nullopt;
  return device;
}

std::optional<UartRegister> read_register(ProfileReader& reader, const TomlTable& table) {
  TableReader keys(reader, "console.uart.register", table);
  UartRegister reg;
  reg.name = keys.text("name");
  reg.offset = keys.number("offset").value_or(0);
  if (keys.has("width"))
    if (const auto widths = keys.widths("width"); !widths.empty()) reg.width_bits = widths.front();
  if (keys.sound() && reg.offset > max_offset) keys.refuse_key("offset", too_far);
  if (!keys.sound()) return std::nullopt;
  return reg;
}

struct Operation {
  std::string_view name;  ///< its key, which names the register
  SinkOp code;
};
constexpr Operation operations[] = {{"poll", SinkOp::poll},
                                    {"write", SinkOp::write},
                                    {"put", SinkOp::put},
                                    {"clear", SinkOp::clear}};

bool is_poll(SinkOp op) { return op == SinkOp::poll || op == SinkOp::poll_while; }

/// A key that the step's operation does not have.
bool check_belonging(TableReader& keys, std::string_view operation) {
  struct Belonging {
    std::string_view key;
    std::string_view operations;
  };
  constexpr Belonging belongings[] = {{"mask", "poll clear"},
                                      {"count", "poll"},
                                      {"value", "poll write"},
                                      {"while", "poll"},
                                      {"shift", "put"}};
  for (const auto& [key, allowed] : belongings)
    if (keys.has(key) && allowed.find(operation) == std::string_view::npos)
      keys.refuse_key(key, fmt::format("a {} step has none", operation));
  return keys.sound();
}

/// The keys without which a step of this operation says nothing.
bool check_needed(ProfileReader& reader, const TableReader& keys, TextPlace place,
                  std::string_view operation) {
  const Key& list = *find_key("console.uart.step");
  const auto miss = [&](std::string_view what) {
    reader.refused(list, place, fmt::format("{}: a {} step needs it", what, operation));
    return false;
  };
  if (operation == "put") return true;
  if (operation != "write" && !keys.has("mask")) return miss("\"mask\" is missing");
  if (operation == "write" && !keys.has("value")) return miss("\"value\" is missing");
  if (operation != "poll") return true;
  if (!keys.has("value") && !keys.has("while")) return miss("\"value\" or \"while\" is missing");
  if (!keys.has("value") || !keys.has("while")) return true;
  reader.refused(list, place,
                 "a poll step waits for a \"value\" or \"while\" there is one, not both");
  return false;
}

/// Numbers that make no sense together.
void check_numbers(TableReader& keys, const UartStep& step) {
  if (is_poll(step.op) && (step.value & ~step.mask) != 0)
    keys.refuse_key(
        step.op == SinkOp::poll ? "value" : "while",
        fmt::format("{:#x} has bits outside of the mask {:#x}: the poll {}", step.value, step.mask,
                    step.op == SinkOp::poll ? "could never succeed" : "would not wait"));
  if (keys.has("mask") && step.mask == 0)
    keys.refuse_key("mask", is_poll(step.op) ? "0 waits for nothing" : "0 clears nothing");
  if (keys.has("count") && (step.count == 0 || step.count > UartSpec::max_count))
    keys.refuse_key("count", fmt::format("a poll reads 1 to {} times", UartSpec::max_count));
}

std::optional<UartStep> read_step(ProfileReader& reader, const TomlTable& table, TextPlace place,
                                  const UartSpec& uart) {
  TableReader keys(reader, "console.uart.step", table);
  std::vector<Operation> found;
  for (const Operation& operation : operations)
    if (keys.has(operation.name)) found.push_back(operation);
  if (found.size() != 1) {
    reader.refused(*find_key("console.uart.step"), place,
                   fmt::format("wanted exactly one of \"poll\", \"write\", \"put\" and "
                               "\"clear\", found {}",
                               found.size()));
    return std::nullopt;
  }
  const std::string_view operation = found.front().name;
  UartStep step;
  step.op = keys.has("while") ? SinkOp::poll_while : found.front().code;
  const std::string name = keys.text(operation);
  if (!check_belonging(keys, operation) || !check_needed(reader, keys, place, operation))
    return std::nullopt;
  step.mask = keys.number("mask").value_or(0);
  step.value = keys.number(step.op == SinkOp::poll_while ? "while" : "value").value_or(0);
  step.count = keys.number("count").value_or(is_poll(step.op) ? UartSpec::default_count : 0);
  step.shift = keys.number("shift").value_or(0);
  if (!keys.sound()) return std::nullopt;

  const auto reg = std::ranges::find(uart.registers, name, &UartRegister::name);
  if (reg == uart.registers.end()) {
    std::vector<std::string_view> known;
    for (const UartRegister& one : uart.registers) known.push_back(one.name);
    const std::string meant = did_you_mean(name, known);
    keys.refuse_key(operation, fmt::format("there is no register {}{}{}", toml_quoted(name),
                                           meant.empty() ? "" : ": ", meant));
    return std::nullopt;
  }
  step.reg = static_cast<std::size_t>(reg - uart.registers.begin());
  check_numbers(keys, step);
  if (!keys.sound()) return std::nullopt;
  return step;
}

/// The widths in which a step's register can be accessed, narrowest first.
std::uint32_t narrowest_bits(const UartSpec& uart, const UartStep& step) {
  if (const auto own = uart.registers[step.reg].width_bits) return *own;
  std::uint32_t bits = std::numeric_limits<std::uint32_t>::max();
  for (const UartDevice& device : uart.devices)
    for (const std::uint32_t possible : device.access_bits) bits = std::min(bits, possible);
  return bits;
}

/// What is wrong with a step in the narrowest access that its register may get.
std::optional<std::string> step_fault(const UartSpec& uart, const UartStep& step) {
  const std::uint32_t bits = narrowest_bits(uart, step);
  const std::uint64_t limit = std::uint64_t{1} << std::min(bits, 32U);
  const std::string& name = uart.registers[step.reg].name;
  if (step.mask >= limit || step.value >= limit)
    return fmt::format("register {} can be {} bits wide, which {:#x} does not fit", name, bits,
                       std::max(step.mask, step.value));
  if (step.op == SinkOp::put && step.shift > bits - 8)
    return fmt::format("register {} can be {} bits wide: a byte shifted by {} does not fit", name,
                       bits, step.shift);
  return std::nullopt;
}

/// What no single table shows.
void check_whole(ProfileReader& reader, const UartSpec& uart, const TomlTable& table) {
  const auto refuse_list = [&](std::string_view name, std::string_view why) {
    const auto field = ProfileReader::field(*find_key(table_path), table, name);
    reader.refused(*field.key, field.value->place, why);
  };
  if (uart.devices.empty()) refuse_list("device", "there is none");
  if (uart.steps.empty() || uart.steps.size() > SinkProgram::max_steps)
    refuse_list("step", fmt::format("wanted 1 to {} steps, found {}", SinkProgram::max_steps,
                                    uart.steps.size()));
  if (std::ranges::count(uart.steps, SinkOp::put, &UartStep::op) != 1)
    refuse_list("step", "wanted exactly one step that puts the byte");
  for (std::size_t i = 0; i < uart.registers.size(); ++i) {
    const std::string& name = uart.registers[i].name;
    if (std::ranges::count(uart.registers, name, &UartRegister::name) > 1)
      refuse_list("register", fmt::format("{} is there twice", toml_quoted(name)));
    if (std::ranges::find(uart.steps, i, &UartStep::reg) == uart.steps.end())
      refuse_list("register", fmt::format("no step uses {}", toml_quoted(name)));
  }
  std::vector<std::string> names;
  for (const UartDevice& device : uart.devices) {
    for (const auto* list : {&device.earlycon, &device.compatibles}) {
      for (const std::string& name : *list) {
        // One name may be both an earlycon's and a compatible.
        const std::string kind = (list == &device.earlycon ? "earlycon " : "compatible ") + name;
        if (std::ranges::find(names, kind) != names.end())
          refuse_list("device", fmt::format("the {} is there twice", kind));
        names.push_back(kind);
      }
    }
    if (device.register_shift != 0 && uart.offsets == UartOffsets::bytes)
      refuse_list("device", "\"shift\" needs offsets = \"reg-shift\"");
  }
  for (std::size_t i = 0; i < uart.steps.size(); ++i)
    if (const auto why = step_fault(uart, uart.steps[i]))
      refuse_list("step", fmt::format("step {}: {}", i + 1, *why));
}

}  // namespace

std::optional<UartSpec> read_uart(ProfileReader& reader, const TomlTable& table, TextPlace place) {
  const std::size_t before = reader.complaint_count();
  const Key& list = *find_key(table_path);
  if (!reader.complete(list, table, place)) return std::nullopt;
  TableReader keys(reader, table_path, table);
  UartSpec uart;
  uart.origin = reader.origin(place);
  uart.name = keys.text("name");
  uart.summary = keys.text("summary");
  uart.source = keys.texts("source");
  uart.rank = keys.number("rank");
  uart.offsets = keys.choice("offsets", UartOffsets::bytes);
  if (keys.sound() && uart.source.empty()) keys.refuse_key("source", "there is none");
  if (uart.rank.value_or(0) > max_rank)
    keys.refuse_key("rank", fmt::format("wanted 0 to {}", max_rank));
  const auto each = [&](std::string_view name, const auto& take) {
    const auto field = ProfileReader::field(list, table, name);
    reader.each_table(*field.key, *field.value, [&](const TomlTable& inner, TextPlace inner_place) {
      return take(inner, inner_place);
    });
  };
  const auto keep = [](auto& into, auto&& value) {
    if (value) into.push_back(std::move(*value));
    return value.has_value();
  };
  each("device", [&](const TomlTable& inner, TextPlace inner_place) {
    return keep(uart.devices, read_device(reader, inner, inner_place));
  });
  each("register", [&](const TomlTable& inner, TextPlace) {
    return keep(uart.registers, read_register(reader, inner));
  });
  // Without sound registers every step would be complained about.
  if (reader.complaint_count() != before) return std::nullopt;
  each("step", [&](const TomlTable& inner, TextPlace inner_place) {
    return keep(uart.steps, read_step(reader, inner, inner_place, uart));
  });
  if (reader.complaint_count() == before) check_whole(reader, uart, table);
  if (reader.complaint_count() != before) return std::nullopt;
  return uart;
}

Result<UartSpec> parse_uart_file(std::string_view text, const std::filesystem::path& path) {
  KXF_TRY(document, parse_toml(text, path.string()));
  ProfileReader reader(path, table_path);
  if (!reader.check_schema(document)) {
    KXF_CHECK(reader.verdict());
    return broken(fmt::format("{}: no reason", path.string()));
  }
  std::erase_if(document.entries, [](const TomlEntry& entry) { return entry.key == "schema"; });
  auto uart = read_uart(reader, document, {1, 1});
  if (uart && uart->name != path.stem().string())
    reader.complain(document.find("name")->place,
                    fmt::format("name: {} stands in a file that is called {}: they must agree, so "
                                "that a file can replace another by its name",
                                toml_quoted(uart->name), toml_quoted(path.filename().string())));
  KXF_CHECK(reader.verdict());
  uart->origin = path.filename().string();
  return std::move(*uart);
}

}  // namespace kxf
