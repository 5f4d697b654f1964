// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The last step of `kxf load`: hand a finished plan to the running kernel.

#include <string>
#include <vector>

#include "kxf/machine.hpp"
#include "kxf/plan.hpp"
#include "load/system_calls.hpp"

namespace kxf {

/// A segment with its final bytes.
struct ReadySegment {
  ByteView bytes;  ///< at most range.size_bytes(); the running kernel writes zeros behind them
  Range range;     ///< destination, physical, whole pages
  std::string name;
};

/// What the system calls need, and nothing else. The views must outlive load().
struct ReadyPlan {
  Backend backend = Backend::kexec_load;
  /// kexec_file_load, then kexec_load with `segments` where the kernel cannot do it.
  bool may_fall_back = false;
  bool crash = false;
  bool crash_hotplug = false;    ///< the plan allows the kernel to keep its core header up to date
  std::uint32_t kexec_arch = 0;  ///< KEXEC_ARCH_* >> 16

  // for kexec_load
  std::uint64_t entry = 0;  ///< physical
  std::vector<ReadySegment> segments;

  // for kexec_file_load
  ByteView kernel_image;
  ByteView initrd_image;  ///< empty and no initrd_fd: no initrd
  int kernel_fd = -1;     ///< open for reading, holds kernel_image exactly; -1: use the bytes
  int initrd_fd = -1;     ///< likewise
  std::string command_line;
};

struct LoadOutcome {
  Backend backend = Backend::kexec_load;  ///< the one that took it
  bool fell_back = false;
};

/// Load. Falls back from kexec_file_load to kexec_load only when the plan allows it and only on
/// ENOSYS, EINVAL, ENOEXEC and ENOTSUP ("this kernel cannot"), never when the kernel refused; the
/// record then has the errno (decision `syscall`, warning `file-load-fallback`).
/// `machine` must be the live one: it is asked why the kernel refused.
/// Errors: every errno with cause and remedy; what was loaded before stays, but for the crash slot,
/// which the kernel empties before it tries.
[[nodiscard]] Result<LoadOutcome> load(const ReadyPlan& plan, const Machine& machine,
                                       SystemCalls& calls, Record& record);

/// Empty the slot. Asks kexec_file_load first: it unloads under lockdown too, where kexec_load is
/// refused. Nothing loaded is no error.
/// Errors: as for load().
[[nodiscard]] Status unload(bool crash, const Machine& machine, SystemCalls& calls);

}  // namespace kxf
