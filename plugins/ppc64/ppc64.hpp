// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/architecture.hpp>
#include <kxf/board_check.hpp>
#include <kxf/console_sink.hpp>
#include <kxf/cpu_enable_method.hpp>
#include <kxf/image_format.hpp>
#include <kxf/memory_source.hpp>

/// What the ppc64 plugin provides. Each object lives as long as the process and has no state.
namespace kxf::ppc64 {

[[nodiscard]] const Architecture& architecture();
[[nodiscard]] const MemorySource& memory_source();
[[nodiscard]] const CpuEnableMethod& hold_loop();
[[nodiscard]] const BoardCheck& exclusions_check();
[[nodiscard]] const ConsoleSink& hvc();
[[nodiscard]] const ConsoleSink& opal();

/// ELF for 64-bit Power (`vmlinux`), and the wrappers around it. What architecture() reads from
/// their KernelSpec: `machine` is "ppc64"; `entry_offset` is that of the first byte of the first
/// PT_LOAD; `window` is the whole address space for ET_DYN and, for ET_EXEC, the physical
/// addresses that it was linked for (lowest p_paddr, memory size). The flag at 0x5c is the
/// architecture's business: a format neither reads nor changes it.
[[nodiscard]] const ImageFormat& elf_image();
[[nodiscard]] const ImageFormat& zimage();

/// The code between the two kernels with its parameters filled in (purgatory/params.h). Its first
/// 0x100 bytes are kernel_head() but for the first own_head_bytes: two branches, one for each byte
/// order in which the running kernel may enter.
/// Errors: more digests or steps than fit, a step that no firmware console understands, an address
/// that is not aligned as the entry contract wants it.
[[nodiscard]] Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question);

/// What a bundle begins with, without its sizes and places (purgatory/bundle_head.S).
/// Errors: a damaged blob.
[[nodiscard]] Result<ByteView> bundle_start();

/// The head of a bundle: bundle_start() filled in, and the purgatories.
/// Errors: the machine is a partition; a purgatory's place is not aligned.
[[nodiscard]] Result<ByteVector> make_bundle_head(const BundleQuestion& question);

/// What a purgatory holds, read back from its bytes: the last look at a plan compares it with the
/// segments.
struct PurgatoryContents {
  std::uint64_t kernel_address = 0;
  std::uint64_t tree_address = 0;
  std::uint64_t opal_base = 0;        ///< r8 of the next kernel; 0 where there is no OPAL
  std::uint64_t opal_entry = 0;       ///< r9
  bool kernel_little_endian = false;  ///< the byte order in which the kernel is entered
  std::vector<DigestEntry> digests;   ///< names as far as they fit
  std::optional<BackupCopy> backup;
};
/// Errors: these bytes are no purgatory of this plugin.
[[nodiscard]] Result<PurgatoryContents> read_purgatory(ByteView purgatory);

/// e_machine of the ELF for 64-bit PowerPC.
inline constexpr std::uint16_t elf_machine = 21;

/// What the running kernel copies from the entry segment to address 0.
inline constexpr std::uint64_t head_bytes = 0x100;
/// How much of it is the purgatory's; secondary CPUs neither execute nor read that.
inline constexpr std::uint64_t own_head_bytes = 8;
/// The kernel's bytes at its entry, as they will be in memory (with KernelSpec::patches).
/// Errors: the kernel has fewer.
[[nodiscard]] Result<ByteVector> kernel_head(const KernelSpec& kernel);

inline constexpr std::string_view enable_method_name = "spin-0x60";
inline constexpr std::string_view memory_source_name = "ppc64-dt";

}  // namespace kxf::ppc64
