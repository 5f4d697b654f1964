// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Where the running kernel will write what a dump begins with: the registers of each CPU, and
/// VMCOREINFO.

#include <vector>

#include "kxf/machine.hpp"
#include "kxf/range.hpp"

namespace kxf {

struct CpuNotes {
  unsigned cpu = 0;  ///< Linux' number
  Range where;       ///< physical
};

struct CrashNotes {
  std::vector<CpuNotes> cpus;  ///< ascending by number, which may have holes
  Range vmcoreinfo;            ///< physical
};

/// From /sys/devices/system/cpu/cpu*/crash_notes and crash_notes_size, for every CPU that has a
/// directory, and /sys/kernel/vmcoreinfo.
/// Errors: the kernel has no crash support, a file that is unreadable (which, and that root can
/// read it) or no number.
[[nodiscard]] Result<CrashNotes> crash_notes(const Machine& machine);

/// The size that the running kernel wants a core header to have, since it keeps it up to date
/// itself when CPUs or memory come and go (crash_elfcorehdr_size, Linux 6.6; under
/// /sys/kernel/kexec since 6.19). Nothing: it does not.
[[nodiscard]] std::optional<std::uint64_t> updated_core_header_size(const Machine& machine);

}  // namespace kxf
