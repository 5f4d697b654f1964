// SPDX-License-Identifier: Apache-2.0
#include "uart/uart_files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <system_error>

#include "elf/object.hpp"
#include "plugin/trust.hpp"
#include "uart/uart_reader.hpp"
#include "uart/uart_sink.hpp"

namespace kxf {
namespace {

namespace fs = std::filesystem;

constexpr int shipped_rank = 100;   // as every implementation in the tree has
constexpr int profile_rank = 1000;  // what a profile says comes before what is installed
constexpr std::size_t max_file_size_bytes = 64U << 10U;

std::string file_of(std::string_view name) { return fmt::format("{}.toml", name); }

/// Names of the files, in order.
Result<std::vector<std::string>> toml_files(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().extension() == ".toml") names.push_back(entry->path().filename().string());
  if (error)
    return refuse(fmt::format("UART directory {}: {}", directory.string(), error.message()),
                  "make it readable");
  std::ranges::sort(names);
  return names;
}

Result<std::string> contents_of(const OpenFile& file) {
  std::string text;
  std::array<char, 1U << 14U> chunk{};
  while (text.size() <= max_file_size_bytes) {
    const ssize_t size = ::read(file.get(), chunk.data(), chunk.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0)
      return refuse(fmt::format("cannot read it: {}", std::strerror(errno)),
                    "check that it is readable");
    if (size == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(size));
  }
  return refuse(fmt::format("larger than {} bytes", max_file_size_bytes),
                "check that it is the description of a UART");
}

/// One whose description is parsed when a program is wanted.
class ShippedSink final : public ConsoleSink {
 public:
  explicit ShippedSink(const ShippedUart& uart) : uart_(uart) {}

  [[nodiscard]] std::string_view name() const noexcept override { return uart_.name; }
  [[nodiscard]] std::string_view summary() const noexcept override { return uart_.summary; }
  [[nodiscard]] std::span<const std::string_view> earlycon_names() const noexcept override {
    return uart_.earlycon;
  }
  [[nodiscard]] std::span<const std::string_view> compatibles() const noexcept override {
    return uart_.compatibles;
  }
  [[nodiscard]] Result<SinkProgram> program(const ConsoleDevice& device) const noexcept override {
    auto uart = parse_uart_file(uart_.text, file_of(uart_.name));
    if (!uart) return broken(fmt::format("a shipped UART: {}", uart.error().message));
    return UartSink(std::move(*uart), rank()).program(device);
  }

 private:
  const ShippedUart& uart_;
};

/// A sink and where its description came from, for the record.
struct Known {
  std::unique_ptr<ConsoleSink> sink;
  std::string place;
};
using KnownByName = std::map<std::string, Known, std::less<>>;

constexpr std::string_view shipped_place = "the one that kxf ships";

void put(KnownByName& all, UartSpec uart, int rank, std::string place, Record& record) {
  const std::string name = uart.name;
  if (const auto old = all.find(name); old != all.end())
    record.decide("uart", name, fmt::format("{} hides {}", place, old->second.place));
  all.insert_or_assign(name,
                       Known{std::make_unique<UartSink>(std::move(uart), rank), std::move(place)});
}

bool is_shipped(const std::string& file_name, std::string_view text) {
  return std::ranges::any_of(shipped_uarts(), [&](const ShippedUart& shipped) {
    return file_of(shipped.name) == file_name && shipped.text == text;
  });
}

/// The files that are not what kxf ships anyway.
Status add_files(KnownByName& all, const fs::path& directory, Record& record) {
  auto opened = PluginDirectory::open(directory, required_trust());
  if (!opened) return pass(std::move(opened), "UARTs");
  if (!*opened) return {};
  KXF_TRY(names, toml_files(directory));
  std::vector<std::string> messages;
  std::string remedy;
  for (const std::string& name : names) {
    const fs::path path = directory / name;
    auto file = (*opened)->open_plugin(name);
    if (!file) return pass(std::move(file), path.string());
    auto text = contents_of(*file);
    if (!text) return pass(std::move(text), path.string());
    if (is_shipped(name, *text)) continue;
    auto uart = parse_uart_file(*text, path);
    if (uart) {
      put(all, std::move(*uart), shipped_rank, path.string(), record);
    } else {
      messages.push_back(uart.error().message);
      remedy = uart.error().remedy;
    }
  }
  if (messages.empty()) return {};
  return refuse(fmt::format("{}", fmt::join(messages, "\n")),
                fmt::format("{}; or remove it from the UART directory", remedy));
}

}  // namespace

fs::path uart_directory() { return KXF_UART_DIR; }

Result<UartSinks> load_uarts(const fs::path& directory, const std::vector<UartSpec>& from_profile,
                             Record& record) {
  KnownByName all;
  for (const ShippedUart& shipped : shipped_uarts())
    all.emplace(shipped.name,
                Known{std::make_unique<ShippedSink>(shipped), std::string(shipped_place)});
  KXF_CHECK(add_files(all, directory, record));
  for (const UartSpec& uart : from_profile) put(all, uart, profile_rank, uart.origin, record);
  UartSinks sinks;
  for (auto& [name, known] : all) sinks.push_back(std::move(known.sink));
  return sinks;
}

PluginMetadata uart_metadata(const UartSinks& sinks) {
  PluginMetadata metadata{.path = {},
                          .name = std::string(uart_plugin_name),
                          .version = KXF_VERSION,
                          .vendor = "kxf",
                          .summary = "UARTs that are described in TOML",
                          .abi = fmt::format("{}.{}", KXF_ABI_MAJOR, KXF_ABI_MINOR),
                          .compiler_abi = std::to_string(__GXX_ABI_VERSION),
                          .cxx11_strings = std::to_string(_GLIBCXX_USE_CXX11_ABI),
                          .elf_machine = own_elf_machine(),
                          .provides = {}};
  for (const auto& sink : sinks)
    metadata.provides.push_back(fmt::format("console-sink:{}", sink->name()));
  return metadata;
}

}  // namespace kxf
