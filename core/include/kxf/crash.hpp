// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a crash kernel is told about the memory of the kernel that crashed, and the facts about the
/// running kernel that it is made from.
///
/// The crash kernel runs in memory of its own and reads the rest through an ELF core header
/// (elfcorehdr) that the loader wrote beforehand: where each CPU will save its registers, where
/// VMCOREINFO is, and which RAM there is. The core builds it; an architecture says only what
/// differs.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/machine.hpp"
#include "kxf/range.hpp"
#include "kxf/result.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Physical memory at a virtual address of the running kernel.
struct KernelMapping {
  Range physical;
  std::uint64_t virtual_start = 0;

  auto operator<=>(const KernelMapping&) const = default;
};

/// What an architecture says of a dump of the running kernel.
struct CrashLayout {
  std::uint16_t elf_machine = 0;  ///< e_machine of the core, the running kernel's
  /// The linear map: virtual address = physical address + this, modulo 2^64.
  std::uint64_t linear_map_offset = 0;
  /// The kernel itself, where it is not mapped by the linear map alone.
  std::optional<KernelMapping> kernel_text = {};
  /// Memory that the crash kernel runs over while it starts: the purgatory copies it to a segment
  /// of its own, and in the core it appears at its own address.
  std::optional<Range> backup = {};
  /// Memory to dump beside RAM, also where it lies in a crash region (firmware that the crashed
  /// kernel called).
  std::vector<Range> also_dumped = {};
  /// RAM to leave out: memory of devices, or above a limit of the running kernel.
  std::vector<Range> not_dumped = {};
  /// Room behind the next tree into which the running kernel may let it grow when CPUs come.
  std::uint64_t tree_room_bytes = 0;
};

/// Where everything is that only a crash load has. While sizes are asked the addresses are
/// placeholders.
struct CrashPlaces {
  Range core_header;            ///< with its room for growth
  RangeSet regions;             ///< reserved for crash kernels
  Range home;                   ///< the one of them that the crash kernel is in
  std::optional<Range> backup;  ///< the segment for CrashLayout::backup
};

/// Names of the segments that the core adds to a crash load.
inline constexpr std::string_view core_header_segment = "elfcorehdr";
inline constexpr std::string_view backup_segment = "backup";

/// Memory that the purgatory copies before it enters the kernel, and after it has verified
/// everything: CrashLayout::backup to its segment.
struct BackupCopy {
  Range source;
  std::uint64_t destination = 0;
};

/// The entry of a program header of /proc/kcore, as far as it is of use here.
struct KcoreSegment {
  Range physical;
  std::uint64_t virtual_start = 0;
};

/// The PT_LOAD entries of /proc/kcore whose physical address is known, in the order of the file.
/// Errors: no /proc/kcore, not readable, damaged.
[[nodiscard]] KXF_API Result<std::vector<KcoreSegment>> kcore_segments(const Machine& machine);

/// The running kernel's VMCOREINFO, lines of `NAME=value`, from the notes of /proc/kcore.
/// Errors: as above; no such note.
[[nodiscard]] KXF_API Result<std::string> vmcoreinfo(const Machine& machine);

/// The value of one line: `vmcoreinfo_value(text, "NUMBER(VA_BITS)")`. Nothing when there is none.
[[nodiscard]] KXF_API std::optional<std::string_view> vmcoreinfo_value(std::string_view text,
                                                                       std::string_view name);

/// The address of a symbol of the running kernel, by /proc/kallsyms. Nothing when it is not listed
/// or hidden (kernel.kptr_restrict).
[[nodiscard]] KXF_API std::optional<std::uint64_t> kernel_symbol(const Machine& machine,
                                                                 std::string_view name);

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
