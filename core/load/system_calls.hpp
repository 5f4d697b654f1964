// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The system calls that change the running system, behind an interface, so that a test can answer
/// with any errno. Everything else of kxf only reads.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"
#include "machine/file.hpp"

namespace kxf {

/// A segment as kexec_load(2) takes it: bytes, then zeros up to the end of the range.
struct KexecSegment {
  ByteView bytes;
  Range range;
};

/// Flags of kexec_load(2). A type instead of an integer: what it cannot say cannot be set, and
/// nothing that was set gets lost.
struct LoadFlags {
  bool on_crash = false;         ///< KEXEC_ON_CRASH: for the crash slot
  bool crash_hotplug = false;    ///< KEXEC_CRASH_HOTPLUG_SUPPORT: the core header has room to grow
  std::uint32_t kexec_arch = 0;  ///< KEXEC_ARCH_* >> 16; 0: the running kernel's own

  [[nodiscard]] unsigned long value() const noexcept;
};

/// Flags of kexec_file_load(2).
struct FileLoadFlags {
  bool unload = false;     ///< KEXEC_FILE_UNLOAD
  bool on_crash = false;   ///< KEXEC_FILE_ON_CRASH
  bool no_initrd = false;  ///< KEXEC_FILE_NO_INITRAMFS

  [[nodiscard]] unsigned long value() const noexcept;
};

/// Answers are 0 or a positive errno, unless they say otherwise.
class SystemCalls {
 public:
  virtual ~SystemCalls();
  SystemCalls() = default;
  SystemCalls(const SystemCalls&) = delete;
  SystemCalls& operator=(const SystemCalls&) = delete;

  /// kexec_load(2); no segments: unload.
  [[nodiscard]] virtual int kexec_load(std::uint64_t entry, std::span<const KexecSegment> segments,
                                       LoadFlags flags) = 0;
  /// kexec_file_load(2). Descriptors are -1 where the flags say that there is none.
  [[nodiscard]] virtual int kexec_file_load(int kernel_fd, int initrd_fd,
                                            const std::string& command_line,
                                            FileLoadFlags flags) = 0;
  /// A sealed file in memory with these bytes, or an errno.
  [[nodiscard]] virtual tl::expected<OpenFile, int> memory_file(const std::string& name,
                                                                ByteView bytes) = 0;
  /// reboot(2) with LINUX_REBOOT_CMD_KEXEC; returns only when it failed.
  [[nodiscard]] virtual int reboot_into_loaded() = 0;
  virtual void sync() = 0;
  /// Run a program by absolute path without a shell, and wait for it: its exit status (128 + the
  /// signal when one killed it), or an errno.
  [[nodiscard]] virtual tl::expected<int, int> run(const std::vector<std::string>& argv) = 0;

  /// From now on log_since_mark() gives what the kernel logs. Both do nothing where /dev/kmsg
  /// cannot be read.
  virtual void mark_log() = 0;
  [[nodiscard]] virtual std::vector<std::string> log_since_mark() = 0;
};

/// The running kernel's.
[[nodiscard]] std::unique_ptr<SystemCalls> real_system_calls();

}  // namespace kxf
