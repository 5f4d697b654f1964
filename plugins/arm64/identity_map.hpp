// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The memory that the purgatory maps to itself while it verifies, as part of the plan.

#include <kxf/architecture.hpp>

#include "arm64/page_tables.hpp"

namespace kxf::arm64 {

/// Where the purgatory's own parts are. Offsets from its start, half-open.
struct PurgatoryParts {
  Range code;
  Range data;
};

/// Tables for one purgatory, or why there are none.
struct IdentityMap {
  std::optional<Granule> granule;      ///< nothing: no room for tables, the MMU stays off
  std::uint64_t tables_offset = 0;     ///< from the start of the purgatory
  std::uint64_t room_bytes = 0;        ///< for tables; depends on sizes alone
  std::optional<PageTables> tables{};  ///< nothing: the MMU stays off
  std::vector<Mapping> own{};          ///< code, data and, if any, console and breadcrumb
  std::vector<Decision> decisions{};
};

/// For a purgatory with something to verify, where policy and page size allow it. The granule is
/// that of the running kernel: all CPUs have it, and segments are whole pages of it, so that no
/// page maps more than a segment. Errors: a setting that names no granule, or one that these CPUs
/// do not have; a breadcrumb on a page with something else that is mapped.
[[nodiscard]] Result<IdentityMap> plan_identity_map(const PurgatoryQuestion& question,
                                                    const PurgatoryParts& parts);

}  // namespace kxf::arm64
