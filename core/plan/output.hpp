// SPDX-License-Identifier: Apache-2.0
#pragma once

/// A plan for people and for programs.

#include <string>

#include "plan/seal.hpp"

namespace kxf {

/// JSON, schema 1: the same plan gives the same bytes on every host. Addresses are hexadecimal
/// strings, sizes are numbers of bytes. Segments are as sealed with seeds of zeros.
/// Errors: digests cannot be made (see sha256()).
[[nodiscard]] Result<std::string> plan_json(const SealedPlan& sealed);

/// A table; with `verbose` the record of decisions and all memory too.
[[nodiscard]] std::string plan_text(const SealedPlan& sealed, bool verbose);

}  // namespace kxf
