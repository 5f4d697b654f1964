// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a crash load rests on, whichever system call takes it: kept from the load to the check of
/// what is armed.

#include "crash/capacity.hpp"
#include "crash/notes.hpp"
#include "kxf/range.hpp"

namespace kxf {

struct CrashPlan {
  RangeSet regions;  ///< reserved for crash kernels
  Range home;        ///< the one that the crash kernel is in
  CrashNotes notes;
  RangeSet dumped;              ///< memory that the core header lists
  bool kernel_updates = false;  ///< the running kernel keeps the header up to date
  CrashCapacity capacity;
};

}  // namespace kxf
