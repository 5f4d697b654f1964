// SPDX-License-Identifier: Apache-2.0
#pragma once

/// CPUs as the running kernel counts them. A CPU node of a Power tree is a core; each of its
/// threads has a number with the interrupt controller, by which the tree, the firmware and the jump
/// know it, and a number of Linux'.

#include <kxf/machine.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kxf::ppc64 {

/// One thread of the running system.
struct Thread {
  unsigned logical = 0;                   ///< Linux' number
  std::optional<std::uint64_t> hardware;  ///< interrupt server number
  std::string node;  ///< path of its CPU node; empty when the machine is silent
  std::optional<bool> online;
};

/// All that are present, by ascending logical number; empty when the machine does not tell.
[[nodiscard]] std::vector<Thread> present_threads(const Machine& machine);

/// The present ones among these server numbers, or with this node where the machine tells no
/// numbers. `guess` is the logical number that the first of them probably has: looked at first,
/// since a large machine has thousands.
[[nodiscard]] std::vector<Thread> threads_of_core(const Machine& machine,
                                                  const std::vector<std::uint64_t>& servers,
                                                  std::string_view cpu_path, std::size_t guess);

/// The one that will make the jump: the running kernel moves there before it leaves
/// (migrate_to_reboot_cpu() in kernel/reboot.c). Nothing when the machine does not tell.
[[nodiscard]] std::optional<Thread> jumping_thread(const Machine& machine);

/// Interrupt server numbers of a core: of each thread, or `reg` where that is all it has.
[[nodiscard]] std::vector<std::uint64_t> server_numbers(const DeviceTree& tree,
                                                        std::string_view cpu_path);

/// Every server number of the tree's usable CPUs.
[[nodiscard]] std::vector<std::uint64_t> all_server_numbers(const DeviceTree& tree);

}  // namespace kxf::ppc64
