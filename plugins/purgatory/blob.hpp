// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <kxf/architecture.hpp>

#include "purgatory/layout.h"

/// How a plugin reads and fills in the purgatory that kxf_purgatory_blob() (PurgatoryBlob.cmake)
/// made for it. What the architecture alone has, the plugin checks and writes itself.
namespace kxf::purgatory {

/// What tells one architecture's blob and `struct kxf_params` from another's. Offsets in bytes.
struct BlobFormat {
  std::string_view architecture;   ///< in messages
  Endian endian = Endian::little;  ///< in which the purgatory runs
  std::uint64_t magic = 0;
  std::size_t header_offset = 0;        ///< of kxf_blob_header in the blob
  std::size_t params_size = 0;          ///< of kxf_params, which begins with its kxf_console
  std::size_t digest_count_offset = 0;  ///< in kxf_params, 32 bits
  std::size_t digests_offset = 0;       ///< in kxf_params
  std::size_t max_digests = 0;
  /// In kxf_params, of kxf_backup; nothing: this purgatory saves no memory.
  std::optional<std::size_t> backup_offset = {};
  /// In kxf_params, of kxf_relocation; nothing: this purgatory is for no bundle.
  std::optional<std::size_t> relocation_offset = {};
};

/// What the blob says of itself.
struct BlobHeader {
  std::size_t params_offset = 0;
  std::uint64_t memory_size = 0;  ///< with the stack
  std::size_t bundle_offset = 0;  ///< of the first bytes of a bundle, up to the end; 0: none
};

/// Errors: `blob` is not of this format and version, or its parameters or the first bytes of a
/// bundle do not lie inside it.
[[nodiscard]] Result<BlobHeader> read_header(const BlobFormat& format, ByteView blob);

/// May this architecture's purgatory run the step? Asked for steps with a known operation only.
using StepCheck = std::function<Status(const SinkStep&)>;

/// Errors: more steps than there is room for, an unknown operation, a step that `allowed` refuses,
/// a register that is not 1, 2 or 4 bytes wide or not aligned to its width: with the MMU off that
/// is an exception.
[[nodiscard]] Status check_console(const BlobFormat& format, const SinkProgram& sink,
                                   const StepCheck& allowed);

/// Errors: the purgatory or the tree is not aligned (Devicetree Specification v0.4, section 5.6),
/// more digests than there is room for, a range that is not aligned or overlaps the purgatory,
/// which would hash its own stack. Memory to save where the format has no place for it, that is not
/// aligned, or whose copy would overwrite the original, the purgatory or what it has verified.
/// Segments to bring to their places where the format has no place for them, that are none or too
/// many, or that do not keep what kxf::Relocation promises. A breadcrumb that is too small, not
/// aligned, or over the purgatory or what it verifies.
[[nodiscard]] Status check_question(const BlobFormat& format, const BlobHeader& header,
                                    const PurgatoryQuestion& question);

/// Is a setting of two values the second one? It is the first one unless it is set.
/// Errors: it is neither.
[[nodiscard]] Result<bool> is_second(const BlobFormat& format, const Settings& settings,
                                     std::string_view key, std::string_view first,
                                     std::string_view second);

/// May the purgatory not use a CPU's instructions for SHA-256? As a setting of the architecture.
inline constexpr SettingSpec sha256_setting{
    "purgatory-sha256", "auto",
    "SHA-256 in the purgatory: auto: by the CPU's instructions for it if it has them; portable: "
    "never"};
/// Errors: another value.
[[nodiscard]] Result<bool> wants_portable_sha256(const BlobFormat& format,
                                                 const Settings& settings);

/// A copy of the blob with parameters. Offsets are those in kxf_params.
class FilledBlob {
 public:
  FilledBlob(const BlobFormat& format, const BlobHeader& header, ByteView pristine);

  template <std::unsigned_integral T>
  void put(std::size_t offset, T value) {
    store(params(), offset, value, format_.endian);
  }
  /// The program must have passed check_console(); nullptr: silent.
  void put_console(const SinkProgram* sink);
  /// It must have passed check_question(); nothing: none is left.
  void put_breadcrumb(const std::optional<Breadcrumb>& breadcrumb);
  /// They must have passed check_question(). Names are cut to what there is room for.
  void put_digests(const std::vector<DigestEntry>& digests);
  /// It must have passed check_question().
  void put_backup(const std::optional<BackupCopy>& backup);
  /// It must have passed check_question(); nullptr: no bundle.
  void put_relocation(const Relocation* relocation);

  /// All bytes, those outside of the parameters too.
  [[nodiscard]] std::span<std::uint8_t> bytes() { return image_.bytes; }
  [[nodiscard]] PurgatoryImage take() && { return std::move(image_); }

 private:
  [[nodiscard]] std::span<std::uint8_t> params();
  void put_bytes(std::size_t offset, ByteView bytes);

  BlobFormat format_;
  std::size_t params_offset_;
  PurgatoryImage image_;
};

/// A bundle's first bytes: `start`, in which the table of kxf_bundle_place at `places_offset` is
/// filled in, and the two purgatories. Errors: one of them has no bytes, or is not at a page.
[[nodiscard]] Result<ByteVector> bundle_head(ByteView start, std::size_t places_offset,
                                             Endian endian, const BundleQuestion& question);

/// The digests in a parameter block. `params` has the format's byte order.
/// Errors: more than there is room for, a range that does not end.
[[nodiscard]] Result<std::vector<DigestEntry>> read_digests(const BlobFormat& format,
                                                            const Bytes& params);

/// What will be saved, by a parameter block. `params` has the format's byte order.
/// Errors: a range that does not end.
[[nodiscard]] Result<std::optional<BackupCopy>> read_backup(const BlobFormat& format,
                                                            const Bytes& params);

}  // namespace kxf::purgatory
