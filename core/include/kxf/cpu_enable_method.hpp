// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kxf/cpu.hpp"
#include "kxf/extension.hpp"
#include "kxf/machine.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// What is known when one CPU is judged.
struct CpuQuestion {
  const CpuNode& running;           ///< in the running system's tree
  const CpuNode* next = nullptr;    ///< the same hardware id in the next tree; null: not there
  const std::vector<CpuNode>& all;  ///< every CPU of the running tree, this one included
  const Machine& machine;
  const DeviceTree& tree;            ///< the running system's
  std::optional<bool> online;        ///< now, where the machine tells
  std::optional<unsigned> possible;  ///< CPUs that the running kernel may ever bring up
  /// The profile asserts that the running kernel returns CPUs to where they waited before the jump
  /// (`cpus.kernel-returns-cpus`).
  bool kernel_returns_cpus = false;
  /// Firmware starts the next kernel (a bundle): no kernel has had this CPU before.
  bool from_firmware = false;
};

/// What is known of a machine whose tree describes no CPUs.
struct FirmwareCpuQuestion {
  const Machine& machine;
  std::optional<unsigned> possible;  ///< as in CpuQuestion
  bool kernel_returns_cpus = false;  ///< as in CpuQuestion
  bool from_firmware = false;        ///< as in CpuQuestion
};

/// Knows one way of starting CPUs: can this CPU be handed to the next kernel, and which memory
/// must stay untouched for it?
class KXF_API CpuEnableMethod : public Extension {
 public:
  ~CpuEnableMethod() override;

  /// Is this the method that the tree calls `enable_method`?
  [[nodiscard]] virtual bool handles(std::string_view enable_method) const noexcept = 0;
  /// Judge one CPU. The core compares the method's name between the trees itself.
  [[nodiscard]] virtual CpuAssessment assess(const CpuQuestion& question) const noexcept = 0;
  /// Judge the CPUs of a machine whose tree describes none, when other tables of its firmware say
  /// that they are started this way. By default none says so.
  [[nodiscard]] virtual std::optional<CpuAssessment> assess_firmware(
      const FirmwareCpuQuestion& question) const noexcept;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
