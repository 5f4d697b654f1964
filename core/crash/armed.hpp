// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What `kxf load --crash` leaves for `kxf check --crash` and `kxf status`: which crash kernel is
/// armed, and what it counts on. The running kernel tells only that there is one.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crash/crash_plan.hpp"
#include "kxf/machine.hpp"
#include "kxf/plan.hpp"
#include "load/record_file.hpp"

namespace kxf {

inline constexpr const char* arm_again = "arm the crash kernel again with \"kxf load --crash\"";

/// A segment as it was loaded.
struct ArmedSegment {
  std::string name;
  Range range;
};

/// A crash kernel that was loaded.
struct ArmedKernel {
  Backend backend = Backend::kexec_load;  ///< the call that took it
  std::string kernel;                     ///< the file, as it was named
  std::vector<std::string> initrds;       ///< likewise
  std::string command_line;
  bool digest = false;                 ///< verified before it starts
  std::vector<ArmedSegment> segments;  ///< empty where the running kernel placed them
  CrashPlan plan;
};

/// The machine at that time, as far as the crash kernel counts on it.
struct ArmedMachine {
  RangeSet used_as_ram;
  std::vector<unsigned> cpus_present;  ///< by number; empty where it is not told
};

struct ArmedCrash {
  ArmedKernel kernel;
  ArmedMachine machine;
};

/// Write `directory`/crash.json. Call after a load for the crash slot.
/// Errors: as for write_record() and listed_memory().
[[nodiscard]] Status remember_armed(const Machine& machine, const ArmedKernel& kernel,
                                    const std::filesystem::path& directory = record_directory);

/// Forget it; call after an unload of the crash slot. No record is no error.
void forget_armed(const std::filesystem::path& directory = record_directory);

/// What was remembered in this boot; nothing when there is nothing, or it is of an earlier one.
/// Errors: it is unreadable or damaged.
[[nodiscard]] Result<std::optional<ArmedCrash>> remembered_armed(
    const Machine& machine, const std::filesystem::path& directory = record_directory);

/// The same of a capture, which keeps the file.
[[nodiscard]] Result<std::optional<ArmedCrash>> captured_armed(const Machine& capture);

}  // namespace kxf
