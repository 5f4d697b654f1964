// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Can the crash kernel that is armed still dump? Machines change under it: memory and CPUs come
/// and go, other programs load and unload.

#include <optional>
#include <string>
#include <vector>

#include "crash/armed.hpp"
#include "load/status.hpp"

namespace kxf {

enum class CrashVerdict : std::uint8_t {
  able,       ///< armed, and all that was checked is as it was
  unable,     ///< armed, and a dump would fail or miss something
  unknown,    ///< armed, and nothing is known of it
  not_armed,  ///< there is no crash kernel
};
/// `able`, `unable`, `unknown`, `not-armed`.
[[nodiscard]] std::string_view name_of(CrashVerdict verdict);

/// Something that is not as it was.
struct CrashFinding {
  std::string id;  ///< stable, as of a warning
  std::string text;
  std::string remedy;  ///< empty: it does no harm, and `text` says why
};

struct CrashCheck {
  CrashVerdict verdict = CrashVerdict::not_armed;
  std::vector<CrashFinding> findings;  ///< in the order in which things were looked at
};

/// `status` is the kernel's word that a crash kernel is there, `armed` what kxf remembers of it.
/// Findings: `crash-facts`, `crash-not-armed`, `crash-armed-by-other`, `crash-region-changed`,
/// `crash-region-small`, `crash-memory-added`, `crash-memory-removed`, `crash-cpus-added`,
/// `crash-cpus-removed`, `crash-notes-moved`, `crash-vmcoreinfo-moved`.
/// Errors: what the running kernel says cannot be read, or makes no sense.
[[nodiscard]] Result<CrashCheck> check_crash(const Machine& machine, const KexecStatus& status,
                                             const std::optional<ArmedCrash>& armed);

}  // namespace kxf
