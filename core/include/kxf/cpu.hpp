// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// A CPU as a device tree describes it (`/cpus/cpu@*`, `device_type = "cpu"`).
struct CpuNode {
  std::uint64_t hardware_id = 0;  ///< `reg`: what the architecture numbers CPUs by
  std::string path;
  std::string enable_method;  ///< first string of the CPU's or of `/cpus`' `enable-method`
  std::optional<std::uint64_t> release_address;  ///< `cpu-release-addr`, physical
  std::optional<std::uint64_t> return_address;   ///< `cpu-return-addr`, physical
};

/// All CPUs of a tree by ascending position in it; empty when it describes none (ACPI).
[[nodiscard]] KXF_API std::vector<CpuNode> cpu_nodes(const DeviceTree& tree);

enum class CpuVerdict : std::uint8_t {
  ok,       ///< can be handed to the next kernel
  unsound,  ///< cannot, or not safely: the reason says why
  unknown,  ///< cannot be told from here
};
[[nodiscard]] KXF_API std::string_view name_of(CpuVerdict verdict);

/// What an enable method says of one CPU.
struct CpuAssessment {
  CpuVerdict verdict = CpuVerdict::unknown;
  std::string reason;           ///< always given
  std::vector<Range> keep_out;  ///< memory that no segment may touch: release words, parking pens
  std::string remedy = {};      ///< what to do when it is unsound; empty: the reason says it
  std::string warning = {};     ///< what else the user should know, whatever the verdict
};

/// One CPU in the report.
struct CpuState {
  CpuNode node;
  std::optional<unsigned> logical_id;  ///< Linux' number, where the machine tells
  std::optional<bool> online;
  CpuAssessment assessment;
};

struct CpuReport {
  std::vector<CpuState> cpus;
  CpuVerdict verdict = CpuVerdict::unknown;  ///< the worst of all
  std::string reason;
  std::string remedy = {};  ///< where it is unsound and `cpus` is empty
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
