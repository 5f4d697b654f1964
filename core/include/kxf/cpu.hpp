// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/device_tree.hpp"
#include "kxf/machine.hpp"

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

/// Linux' numbers of the CPUs that have a directory in sysfs, ascending: of those that are offline,
/// too.
[[nodiscard]] KXF_API std::vector<unsigned> listed_cpus(const Machine& machine);

/// Linux' numbers in one of the lists `online`, `offline`, `possible`, `present` of
/// /sys/devices/system/cpu (`0-3,8`), ascending. Nothing when the machine does not tell.
[[nodiscard]] KXF_API std::optional<std::vector<unsigned>> cpu_list(const Machine& machine,
                                                                    std::string_view list);
/// The device tree node of the CPU with this number of Linux', by sysfs' link: `/cpus/cpu@0`.
[[nodiscard]] KXF_API std::optional<std::string> cpu_node_path(const Machine& machine,
                                                               unsigned logical_id);

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
