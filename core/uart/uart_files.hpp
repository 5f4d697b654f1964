// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The UARTs that are known: those that kxf ships, the files of the UART directory, and those of a
/// profile.

#include <filesystem>
#include <memory>
#include <vector>

#include "kxf/console_sink.hpp"
#include "kxf/record.hpp"
#include "plugin/metadata.hpp"
#include "uart/uart.hpp"

namespace kxf {

/// A description that kxf ships (config/uarts), as text in the program: a bare binary in an
/// initramfs knows them all. What listings and choices need stands beside it: to parse all of them
/// would take more time than the rest of the start of kxf.
struct ShippedUart {
  std::string_view name;  ///< also the file's, with `.toml`
  std::string_view summary;
  std::span<const std::string_view> earlycon;
  std::span<const std::string_view> compatibles;
  std::string_view text;
};
[[nodiscard]] std::span<const ShippedUart> shipped_uarts();

/// The compiled-in directory, where the shipped descriptions are installed and others are added.
[[nodiscard]] std::filesystem::path uart_directory();

/// The UARTs that are known, as the plugin `uarts` has them.
using UartSinks = std::vector<std::unique_ptr<ConsoleSink>>;

/// All of them, by name. Of one name, the profile's hides a file, and a file hides the shipped one;
/// that is recorded where they differ. The directory need not exist.
/// Errors: a file that is no UART (all complaints of all files, a line each), or, as root, one that
/// others could have written.
[[nodiscard]] Result<UartSinks> load_uarts(const std::filesystem::path& directory,
                                           const std::vector<UartSpec>& from_profile,
                                           Record& record);

inline constexpr std::string_view uart_plugin_name = "uarts";

/// What `kxf plugin list` shows of them.
[[nodiscard]] PluginMetadata uart_metadata(const UartSinks& sinks);

}  // namespace kxf
