// SPDX-License-Identifier: Apache-2.0
#pragma once

/// An inspection for people and for programs.

#include <string>
#include <string_view>

#include "inspect/inspect.hpp"

namespace kxf {

/// JSON, schema 1: the same input gives the same bytes. Addresses are hexadecimal strings, ends
/// are those of half-open ranges. `subject` says what was looked at: a file, a capture or `/`.
[[nodiscard]] std::string inspection_json(const Inspection& inspection, std::string_view subject);

/// A page; with `verbose` the record of decisions too.
[[nodiscard]] std::string inspection_text(const Inspection& inspection, bool verbose);

}  // namespace kxf
