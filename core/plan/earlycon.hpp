// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The console that `earlycon=` and `earlyprintk=` name.

#include <optional>
#include <string_view>

#include "kxf/console.hpp"
#include "kxf/result.hpp"

namespace kxf {

/// Parse the value of `earlycon=`:
/// `name[,mmio|mmio16|mmio32|mmio32be|mmio32native],address[,options]` (uart_parse_earlycon() in
/// drivers/tty/serial/serial_core.c). The address is C-style: 0x for hexadecimal. Nothing is
/// skipped and nothing is matched by prefix. Errors: port I/O, a missing or malformed address.
[[nodiscard]] Result<ConsoleDevice> parse_earlycon(std::string_view value);

}  // namespace kxf
