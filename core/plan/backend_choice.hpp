// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Which system call loads the plan.

#include "kxf/architecture.hpp"
#include "kxf/kernel.hpp"
#include "kxf/machine.hpp"
#include "kxf/plan.hpp"
#include "policy/policy.hpp"

namespace kxf {

struct BackendChoice {
  Backend backend = Backend::kexec_load;
  bool may_fall_back = false;
};

/// What the load itself needs, beside what the policy says.
struct LoadNeeds {
  /// Memory that the next kernel learns of by its tree alone (MemoryRange::hand_over); empty: none.
  std::string_view handed_over = {};
  bool carried_tree = false;  ///< the next tree is made from the image's own
};

/// What was asked decides. Some wishes only kexec_load can honour (a device tree of one's own, a
/// digest, a console, reserved windows, a format that the kernel does not read); some systems
/// allow only kexec_file_load (lockdown, kexec handover). Both at once is an error that names the
/// two reasons. A plain load takes kexec_file_load where the kernel has it, and may fall back to
/// kexec_load when the kernel turns out not to be able to; the fall-back is logged with its errno.
/// A crash kernel that is to be verified takes kexec_load where nothing verifies it after
/// kexec_file_load; where only that is allowed, the warning `crash-not-verified` says so.
/// Errors: the two reasons; a system call that was asked for and that the kernel lacks, or that
/// cannot honour something else that was asked for.
[[nodiscard]] Result<BackendChoice> choose_backend(const Machine& machine, const Policy& policy,
                                                   const ArchitectureTraits& traits,
                                                   const KernelSpec& kernel, Record& record,
                                                   const LoadNeeds& load = {});

/// Is a digest to be verified by the purgatory?
[[nodiscard]] bool wants_digest(const Policy& policy);

}  // namespace kxf
