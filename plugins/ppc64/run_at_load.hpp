// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Where a kernel will run: at the place it is loaded to, or where it moves itself to first.

#include <kxf/architecture.hpp>
#include <kxf/kernel.hpp>
#include <kxf/record.hpp>
#include <optional>
#include <string>

namespace kxf::ppc64 {

/// `run-at-load` in the profile.
enum class RunAtLoad : std::uint8_t { automatic, always, never };
inline constexpr std::string_view run_at_load_key = "run-at-load";
inline constexpr SettingSpec run_at_load_setting{
    run_at_load_key, "auto",
    "does the next kernel run where it is loaded: always, never (it moves to where it was linked "
    "for), or auto: as it was built, and a crash kernel always"};
/// Errors: another word.
[[nodiscard]] Result<RunAtLoad> run_at_load_policy(const Settings& settings);

/// The flag in the kernel's first bytes, a word in the kernel's own byte order
/// (arch/powerpc/kernel/head_64.S, __run_at_load).
inline constexpr std::uint64_t run_at_load_offset = 0x5c;
inline constexpr std::uint32_t run_at_load_ready = 0x72756e30;  ///< "run0": moves unless told
inline constexpr std::uint32_t run_at_load_stay = 1;

/// The kernel as it will run here: the flag as a patch where it has to change; `window` is where it
/// will live, the whole address space if that is where it is loaded. home_of() reads it back.
/// What the file says is never changed.
/// Errors: it would not run where it is placed, or the policy asks for what it cannot do.
[[nodiscard]] Result<KernelSpec> with_run_at_load(const KernelSpec& kernel, RunAtLoad policy,
                                                  bool crash, Record& record);

/// Where a kernel of with_run_at_load() will live when that is not where it is loaded, or must be
/// loaded to: `[linked address, + memory size)`. Nothing when it stays wherever it is put.
[[nodiscard]] std::optional<Range> home_of(const KernelSpec& kernel);

/// Would the running kernel's kexec_file_load leave the flag as this plan wants it? The reason why
/// not; empty when it would. `adapted` comes from with_run_at_load().
[[nodiscard]] std::string file_load_problem(const KernelSpec& adapted, Endian running, bool crash);

/// The last look: the word in the bytes that are about to be loaded. `kernel` is adapted.
/// Errors: the flag is not as the kernel's home needs it, or in the wrong byte order.
[[nodiscard]] Status check_run_at_load(const KernelSpec& kernel, ByteView head);

}  // namespace kxf::ppc64
