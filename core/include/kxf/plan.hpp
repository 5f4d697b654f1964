// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/console.hpp"
#include "kxf/cpu.hpp"
#include "kxf/memory.hpp"
#include "kxf/range.hpp"
#include "kxf/record.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

using Sha256 = std::array<std::uint8_t, 32>;

/// The system call that hands the plan to the running kernel.
enum class Backend : std::uint8_t { kexec_load, kexec_file_load };
[[nodiscard]] KXF_API std::string_view name_of(Backend backend);

/// Bytes and where they go. Behind the bytes the running kernel writes zeros.
struct Segment {
  std::string name;  ///< `kernel`, `initrd`, `dtb`, `purgatory`, ...
  Blob bytes;        ///< at most range.size_bytes()
  Range range;       ///< destination, whole pages of the plan
};

/// What goes into a plan before it is checked.
struct PlanParts {
  std::string arch;                   ///< name of the Architecture
  std::uint32_t kexec_arch = 0;       ///< e_machine value for the flags of kexec_load
  std::uint64_t page_size_bytes = 0;  ///< of the running kernel: granularity of segments
  Backend backend = Backend::kexec_load;
  bool backend_may_fall_back = false;  ///< kexec_file_load, then kexec_load where it is missing
  bool crash = false;                  ///< for the crash slot
  bool bundle = false;                 ///< firmware starts it, no running kernel loads it
  std::uint64_t entry = 0;             ///< physical address where the running kernel jumps to
  std::vector<Segment> segments;       ///< empty ranges where the running kernel places them
  std::string command_line;
  MemoryMap memory;
  CpuReport cpus;
  std::optional<ConsoleDevice> console;
  std::string console_sink;  ///< name of the ConsoleSink; empty: none
  Record record;
};

/// What will be done, complete and checked. Its invariants hold from the moment it exists and
/// nothing can change it. For kexec_load:
/// - 1 to 16 segments, page aligned, disjoint, none empty, bytes no longer than the range;
/// - each inside usable memory (a crash load: inside one crash region);
/// - the entry inside a segment (sanity_check_segment_list() in kernel/kexec_core.c).
class KXF_API LoadPlan {
 public:
  static constexpr std::size_t max_segments = 16;

  /// Errors: a broken invariant. Each is a bug in a plugin or in kxf, and named as such.
  [[nodiscard]] static Result<LoadPlan> make(PlanParts parts);

  [[nodiscard]] const PlanParts& parts() const noexcept { return *parts_; }
  /// The segment of this name; null when the plan has none.
  [[nodiscard]] const Segment* segment(std::string_view name) const noexcept;

 private:
  explicit LoadPlan(std::shared_ptr<const PlanParts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const PlanParts> parts_;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
