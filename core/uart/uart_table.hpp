// SPDX-License-Identifier: Apache-2.0
#pragma once

/// From the keys of `[[console.uart]]` (policy/schema.cpp) to a UartSpec.

#include <optional>

#include "policy/profile_reader.hpp"
#include "uart/uart.hpp"

namespace kxf {

/// Take a UART out of its table. Nothing, after a complaint to `reader`, when it is no UART that
/// can work: an unknown, missing or malformed key; a register that no step uses or none has; a poll
/// that could never succeed; a step that does not fit its register; no put or several; a name that
/// stands there twice.
[[nodiscard]] std::optional<UartSpec> read_uart(ProfileReader& reader, const TomlTable& table,
                                                TextPlace place);

}  // namespace kxf
