// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From the text of a file to a UartSpec.

#include <filesystem>
#include <string_view>

#include "kxf/result.hpp"
#include "uart/uart.hpp"

namespace kxf {

/// Read the text of a UART file: `schema = 1` and the keys of one `[[console.uart]]`. `path` is
/// what errors show. Errors: not TOML, another schema, whatever read_uart() (uart/uart_table.hpp)
/// complains about (all of it, a line each with line and column), a name that is not that of the
/// file.
[[nodiscard]] Result<UartSpec> parse_uart_file(std::string_view text,
                                               const std::filesystem::path& path);

}  // namespace kxf
