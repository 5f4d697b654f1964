// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/device_tree.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Does the running kernel have the system call? Found without side effects; a capture keeps the
/// answer of the machine that it was taken on.
enum class Support : std::uint8_t { unknown, absent, present };

/// What the kernel logged while it booted, as far as a loader may want to know it (memory tables of
/// interrupt controllers, firmware, CPUs), one message per line, without level and time.
/// Machine::read() answers this path on every machine whose log could be read.
inline constexpr std::string_view boot_log_path = "/kxf-boot-log";

/// What no file under /proc or /sys says.
struct MachineFacts {
  std::string hardware;               ///< `uname -m`: aarch64, x86_64, ...
  std::string kernel_release;         ///< `uname -r`
  std::uint64_t page_size_bytes = 0;  ///< of the running kernel
  Endian endian = Endian::little;     ///< of the running kernel
  Support kexec_load = Support::unknown;
  Support kexec_file_load = Support::unknown;
};

/// A read-only view of one system: the live one or a capture that mirrors the same /proc and /sys
/// paths. Everything that planning knows about a machine comes through here, so a plan made from
/// a capture is the plan that the machine itself would make. Paths are absolute, `/proc/iomem`.
///
/// A plugin must read the machine through this interface only, never by opening files itself.
class KXF_API Machine {
 public:
  virtual ~Machine();
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] virtual const MachineFacts& facts() const noexcept = 0;

  /// A whole file; of the two that are too large, an excerpt: /proc/kcore up to the end of its
  /// notes, /proc/kallsyms with the symbols of the kernel's layout only.
  /// Errors: absent, not readable (why), or left out of the capture.
  [[nodiscard]] virtual Result<ByteVector> read(std::string_view path) const noexcept = 0;
  /// The names in a directory, sorted; empty when it does not exist.
  [[nodiscard]] virtual std::vector<std::string> list(std::string_view path) const noexcept = 0;
  [[nodiscard]] virtual bool exists(std::string_view path) const noexcept = 0;
  /// The target of a symbolic link, as it is written there; nothing when it is none.
  [[nodiscard]] virtual std::optional<std::string> link_target(
      std::string_view path) const noexcept = 0;

  /// The tree that this system was booted with, from /sys/firmware/fdt or else flattened from
  /// /proc/device-tree. Null when there is none or it is damaged (device_tree_problem() says).
  [[nodiscard]] virtual const DeviceTree* device_tree() const noexcept = 0;
  [[nodiscard]] virtual std::string device_tree_problem() const noexcept = 0;

  /// read() as text without trailing white space and zero bytes.
  [[nodiscard]] Result<std::string> read_text(std::string_view path) const;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
