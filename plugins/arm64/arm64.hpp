// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <kxf/architecture.hpp>
#include <kxf/board_check.hpp>
#include <kxf/cpu_enable_method.hpp>
#include <kxf/image_format.hpp>
#include <kxf/memory_source.hpp>

/// What the arm64 plugin provides. Each object lives as long as the process and has no state.
namespace kxf::arm64 {

[[nodiscard]] const Architecture& architecture();
[[nodiscard]] const ImageFormat& image_format();
[[nodiscard]] const ImageFormat& elf_image();
[[nodiscard]] const CpuEnableMethod& psci();
[[nodiscard]] const CpuEnableMethod& spin_table();
[[nodiscard]] const CpuEnableMethod& parking();
[[nodiscard]] const BoardCheck& gic_check();
[[nodiscard]] const BoardCheck& crash_cpus_check();
[[nodiscard]] const MemorySource& lpi_source();

/// The code between the two kernels with its parameters filled in (purgatory/params.h). Its
/// settings are those of architecture().
/// Errors: more digests or steps than fit, a step that needs firmware, an address that is not
/// aligned as the entry contract wants it.
[[nodiscard]] Result<PurgatoryImage> make_purgatory(const PurgatoryQuestion& question);

/// What a bundle begins with, without its sizes and places (purgatory/bundle_head.S).
/// Errors: a damaged blob.
[[nodiscard]] Result<ByteView> bundle_start();

/// The head of a bundle: bundle_start() filled in, and the purgatories.
/// Errors: the machine was started by EFI; a purgatory's place is not aligned.
[[nodiscard]] Result<ByteVector> make_bundle_head(const BundleQuestion& question);

/// e_machine of the ELF for the Arm 64-bit Architecture.
inline constexpr std::uint16_t elf_machine = 183;

/// The settings of make_purgatory().
inline constexpr std::string_view icache_setting = "purgatory-icache";
inline constexpr std::string_view granule_setting = "purgatory-pages";

/// The name of lpi_source().
inline constexpr std::string_view lpi_source_name = "gic-lpi";

/// What to do when the boot log does not say where LPI tables are.
inline constexpr std::string_view lpi_remedy =
    "boot the running kernel with EFI, load as root while its boot log is still complete "
    "(log_buf_len= makes room), or reserve the tables, 64 KiB each, with [[memory.reserve]]";

}  // namespace kxf::arm64
