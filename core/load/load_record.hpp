// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What `kxf load` leaves for `kxf exec`: the memory layout that the loaded plan was made for. A
/// kernel that is loaded waits, maybe for days; memory can be removed meanwhile, and the jump into
/// a plan that counts on it is a hang without a message.

#include <filesystem>

#include "kxf/machine.hpp"
#include "kxf/record.hpp"
#include "load/backend.hpp"
#include "load/record_file.hpp"

namespace kxf {

/// Write `directory`/loaded.json. Call after a load that is not for the crash slot.
/// Errors: as for write_record() and listed_memory().
[[nodiscard]] Status remember_load(const Machine& machine, const ReadyPlan& plan,
                                   const LoadOutcome& outcome,
                                   const std::filesystem::path& directory = record_directory);

/// Forget it; call after an unload. No record is no error.
void forget_load(const std::filesystem::path& directory = record_directory);

/// Is the memory that the plan was made for still there?
/// Warnings: `no-load-record` (another program loaded the kernel, or the record is of an earlier
/// boot), `memory-added`.
/// Errors: RAM is gone that was there (which); the record is damaged.
[[nodiscard]] Status check_load_record(const Machine& machine, Record& record,
                                       const std::filesystem::path& directory = record_directory);

}  // namespace kxf
