// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kxf/bundle.hpp"
#include "kxf/console.hpp"
#include "kxf/crash.hpp"
#include "kxf/extension.hpp"
#include "kxf/kernel.hpp"
#include "kxf/machine.hpp"
#include "kxf/memory.hpp"
#include "kxf/placement.hpp"
#include "kxf/plan.hpp"
#include "kxf/record.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Constants of an architecture.
struct ArchitectureTraits {
  std::uint32_t kexec_arch = 0;            ///< KEXEC_ARCH_* >> 16, that is e_machine
  std::uint64_t command_line_limit = 0;    ///< bytes, with the final zero (COMMAND_LINE_SIZE)
  std::uint64_t segment_alignment = 4096;  ///< of every segment, at least
  /// What `memory.sources = ["auto"]` stands for: MemorySources in the order to ask them.
  std::vector<std::string> memory_sources = {"dt", "iomem"};
  /// The method of CPUs whose nodes name none; empty: such CPUs are in doubt.
  std::string enable_method = {};
  /// The next tree lists its own place in its memory reservation block.
  bool reserve_tree = false;
  /// The kernel refuses a normal load (EBUSY) when it could not take its other CPUs down.
  bool must_stop_cpus = false;
  /// A large segment is digested in so many parts, hashes that vector units run side by side.
  unsigned digest_parts = 1;
  /// What a crash kernel's command line gets unless the profile says otherwise.
  std::string crash_command_line = {};
  /// The parameter that tells a crash kernel where the core header is; empty: the tree says it.
  std::string core_header_parameter = {};
  /// After kexec_file_load the running kernel's own loader verifies a crash kernel before it
  /// starts.
  bool file_load_verifies = false;
  /// When CPUs come or go, a running kernel that keeps core headers up to date rewrites the crash
  /// kernel's tree, too.
  bool hotplug_rewrites_tree = false;
  /// Its purgatory keeps the record that PurgatoryQuestion::breadcrumb asks for.
  bool leaves_breadcrumb = false;
};

/// What planning knows when it asks an architecture. References live for the call.
struct ArchitectureQuestion {
  const Machine& machine;
  const KernelSpec& kernel;
  const MemoryMap& memory;
  const Settings& settings;  ///< of the architecture
  bool crash = false;        ///< a load for the crash slot
  bool bundle = false;       ///< firmware starts it: what the running kernel uses does not matter
};

/// The sizes that placement needs before anything has an address.
struct SegmentSizes {
  std::uint64_t initrd = 0;  ///< 0: none
  std::uint64_t tree = 0;
  std::uint64_t purgatory = 0;
};

/// A segment whose SHA-256 the purgatory verifies.
struct DigestEntry {
  std::string name;
  Range range;  ///< of the bytes, without the zeros behind them
  Sha256 sha256{};
};

/// Memory that outlives a reset, where the purgatory records how far it came
/// (`purgatory.breadcrumb`).
struct Breadcrumb {
  enum class Form : std::uint8_t {
    record,   ///< `struct kxf_breadcrumb` of the kit (plugins/purgatory/layout.h)
    ramoops,  ///< the console zone of Linux's ramoops, behind what the old kernel wrote there
  };
  Range range;
  Form form = Form::record;
  bool operator==(const Breadcrumb&) const = default;
};

/// What the purgatory needs to know.
struct PurgatoryQuestion {
  const KernelSpec& kernel;
  std::uint64_t own_address = 0;   ///< where it will be; 0 while only its size is asked
  std::uint64_t kernel_entry = 0;  ///< physical
  std::uint64_t tree_address = 0;  ///< physical
  const SinkProgram* sink = nullptr;
  /// Empty: nothing is verified. While only the size is asked, as many entries as there will be,
  /// each at address 0 and at least as long; before the last time, their final ranges and no
  /// SHA-256.
  std::vector<DigestEntry> digests;
  const Machine& machine;
  const Settings& settings;
  std::optional<BackupCopy> backup = {};
  bool may_use_mmu = true;  ///< `purgatory.mmu`: may it turn the MMU on for its work?
  /// Of a bundle: what it brings to its place before it verifies. Null: a running kernel did.
  const Relocation* relocation = nullptr;
  std::optional<Breadcrumb> breadcrumb = {};
};

/// The code between the two kernels, as position-independent bytes.
struct PurgatoryImage {
  ByteVector bytes;
  std::uint64_t memory_size = 0;  ///< with its zeroed data; must not depend on addresses
  std::uint64_t alignment = 4096;
  std::uint64_t entry_offset = 0;  ///< where the old kernel jumps to
  /// What was chosen and why, for the Record; the core takes those of the purgatory at its place.
  std::vector<Decision> decisions = {};
};

/// All that is about to be loaded, with seeds and digests in it.
struct FinishedQuestion {
  const ArchitectureQuestion& question;
  std::span<const Segment> segments;
  std::uint64_t entry = 0;               ///< physical
  std::span<const DigestEntry> digests;  ///< of the bytes in `segments`; empty: none are verified
};

/// Rules of entry, placement, device tree fix-ups and purgatory of one architecture.
class KXF_API Architecture : public Extension {
 public:
  ~Architecture() override;

  /// Is this the running system's architecture? By `uname -m`.
  [[nodiscard]] virtual bool handles(const MachineFacts& facts) const noexcept = 0;
  [[nodiscard]] virtual ArchitectureTraits traits() const noexcept = 0;

  /// The kernel as this machine will run it: what the image format found, with `window`,
  /// `patches` and `file_load` as machine and settings want them. `question.memory` is still empty.
  /// Errors: another architecture, a page size or byte order that the CPUs do not have.
  [[nodiscard]] virtual Result<KernelSpec> adapt_kernel(const ArchitectureQuestion& question,
                                                        Record& record) const noexcept = 0;

  /// Rules for the segments `kernel` (first: the anchor), `initrd` (if it has a size), `dtb` and
  /// `purgatory`, in the order in which to place them.
  [[nodiscard]] virtual Result<std::vector<PlacementRule>> placement_rules(
      const ArchitectureQuestion& question, const SegmentSizes& sizes,
      Record& record) const noexcept = 0;

  /// What this architecture changes in the next tree beyond what the core does for all (command
  /// line, initrd, seeds, reservations, left-overs of the running kernel). The size of the result
  /// must not depend on addresses.
  [[nodiscard]] virtual Status adjust_tree(TreeEditor& tree, const ArchitectureQuestion& question,
                                           Record& record) const noexcept = 0;

  /// Errors: more digests or steps than the purgatory can hold, an address it cannot reach.
  [[nodiscard]] virtual Result<PurgatoryImage> purgatory(
      const PurgatoryQuestion& question) const noexcept = 0;

  /// What a dump of the running kernel needs. Asked before a crash kernel is loaded by kexec_load.
  /// Errors: what cannot be found out of the running kernel. By default: this architecture cannot
  /// load crash kernels so.
  [[nodiscard]] virtual Result<CrashLayout> crash_layout(const ArchitectureQuestion& question,
                                                         Record& record) const noexcept;

  /// Tell a crash kernel by its tree where everything is. Called after adjust_tree() with
  /// placeholders, and on the finished tree with the addresses: the size must not depend on them.
  /// The core itself reserves the core header and the backup (`/memreserve/`). By default nothing
  /// is told.
  [[nodiscard]] virtual Status announce_crash(TreeEditor& tree,
                                              const CrashPlaces& places) const noexcept;

  /// The first bytes of a bundle: what firmware wants to see in front of something that it starts,
  /// the instructions that bring one of the purgatories to its place, and the purgatories. The size
  /// is a multiple of move_alignment and depends on the question's sizes alone. Errors: firmware of
  /// this machine cannot start a bundle. By default: this architecture has none.
  [[nodiscard]] virtual Result<ByteVector> bundle_head(
      const BundleQuestion& question) const noexcept;

  /// The last look at the bytes before kexec_load gets them: do they keep the entry contract?
  /// Errors: the rule that is broken. By default none is.
  [[nodiscard]] virtual Status check_finished(const FinishedQuestion& finished) const noexcept;

  /// Is this the tree of a machine of this architecture? Asked where the tree is all that is known
  /// of a machine. By default it cannot tell.
  [[nodiscard]] virtual bool handles_tree(const DeviceTree& tree) const noexcept;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
