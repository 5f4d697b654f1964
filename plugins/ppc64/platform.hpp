// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What the running system is, as far as a load has to know: who is below it, where its kernel
/// ends, who owns memory that outlives it.

#include <kxf/machine.hpp>
#include <kxf/memory.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kxf::ppc64 {

/// Who is below the kernel.
enum class Platform : std::uint8_t {
  lpar,     ///< a hypervisor, by hypercalls and RTAS (PAPR): pseries
  powernv,  ///< OPAL firmware on the bare machine
};
[[nodiscard]] Platform platform_of(const DeviceTree& tree);
[[nodiscard]] std::string_view name_of(Platform platform);

/// A number in /chosen that the running kernel keeps there. Nothing when it has none.
/// Errors: a value that is no number of one or two cells.
[[nodiscard]] Result<std::optional<std::uint64_t>> chosen_number(const DeviceTree& tree,
                                                                 std::string_view property);

/// The first byte behind the running kernel. kexec_load refuses segments that begin below
/// (ETXTBSY: machine_kexec_prepare() in arch/powerpc/kexec/core_64.c).
struct KernelEnd {
  std::uint64_t address = 0;
  std::string origin;  ///< `linux,kernel-end`
};
/// Errors: nothing on this machine tells it.
[[nodiscard]] Result<KernelEnd> running_kernel_end(const Machine& machine);

/// Run-time services of an LPAR and of the bare machine: code and data of firmware in memory.
/// Nothing when there are none, or nobody has put them into memory yet.
/// Errors: an address without a size, a size without an address, values that cannot be read.
[[nodiscard]] Result<std::optional<Range>> rtas_range(const DeviceTree& tree);
[[nodiscard]] Result<std::optional<Range>> opal_range(const DeviceTree& tree);

/// Tables of host bridges that translate addresses of devices and lie in ordinary memory, as the
/// firmware of older machines left them. Errors: as above.
[[nodiscard]] Result<std::vector<MemoryRange>> tce_tables(const DeviceTree& tree);

/// Memory that firmware owns across the jump: RTAS, OPAL, TCE tables, reserved-ranges. The next
/// kernel learns it from the reservation block of its tree. An initrd that firmware loaded is not
/// among it: it was the first kernel's.
/// Errors: an address without a size, a size without an address, values that cannot be read.
[[nodiscard]] Result<std::vector<MemoryRange>> firmware_ranges(const DeviceTree& tree);

}  // namespace kxf::ppc64
