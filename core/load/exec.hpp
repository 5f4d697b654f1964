// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The jump into the loaded kernel.

#include "load/load_record.hpp"
#include "load/system_calls.hpp"
#include "policy/policy.hpp"

namespace kxf {

/// Leave this kernel. `automatic` is systemd where it runs, which stops services and unmounts file
/// systems first; else direct: sync, then reboot(2). Returns when systemd took the order, or with
/// an error. Errors: nothing is loaded, no permission, the memory layout has changed since the
/// load, systemd asked for where it does not run, systemctl or reboot(2) failed. A method that
/// fails is not replaced by another.
[[nodiscard]] Status exec_loaded(ExecMethod method, const Machine& machine, SystemCalls& calls,
                                 Record& record,
                                 const std::filesystem::path& directory = record_directory);

}  // namespace kxf
