// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// A part of the kernel and where it goes, relative to the kernel's first byte in memory.
struct KernelPart {
  ByteView bytes;                   ///< inside the bytes that the format was given
  std::uint64_t memory_offset = 0;  ///< from the kernel's start
  std::uint64_t memory_size = 0;    ///< at least bytes.size(); the rest is zeros
};

/// Bytes that the loader writes over the image's in memory; the file stays as it is.
struct KernelPatch {
  std::uint64_t memory_offset = 0;  ///< from the kernel's start
  ByteVector bytes;                 ///< not empty
  std::string reason;               ///< for the record
};

/// Where a kernel may be put.
enum class Placement : std::uint8_t {
  lowest,    ///< as low in memory as possible; memory below it may be lost to it
  anywhere,  ///< any base that meets the alignment
};

/// What an image format found out about a kernel: all that placement and entry need, nothing that
/// depends on the machine.
struct KernelSpec {
  std::string machine;  ///< `uname -m` style family of the target: aarch64
  Endian endian = Endian::little;
  std::optional<std::uint64_t> page_size_bytes;  ///< that it was built for, when it says

  std::vector<KernelPart> parts;      ///< at least one; ascending, disjoint
  std::vector<KernelPatch> patches;   ///< written over the parts
  std::uint64_t memory_size = 0;      ///< from the start, with BSS: this much must be free
  bool memory_size_is_guess = false;  ///< the image does not say it: memory_size is policy
  std::uint64_t entry_offset = 0;     ///< of the first instruction, from the start

  std::uint64_t base_alignment = 0;    ///< power of two: the base is a multiple of this ...
  std::uint64_t base_offset = 0;       ///< ... and the kernel starts this far behind the base
  Range window = whole_address_space;  ///< physical addresses that the kernel can live at
  Placement placement = Placement::anywhere;

  /// Would the running kernel's own kexec_file_load take these bytes as they are? If not, why.
  bool file_load = false;
  std::string file_load_reason;
};

/// Bytes that travel in an image and may be packed by themselves.
struct CarriedBytes {
  // NOLINTNEXTLINE(google-explicit-constructor): most formats say nothing of a compression
  CarriedBytes(ByteView view, std::string packed_with = {})
      : bytes(view), codec(std::move(packed_with)) {}

  ByteView bytes;     ///< inside the bytes that the format was given
  std::string codec;  ///< name of the Codec; `none`: not packed; empty: the image does not say
};

/// What an image holds: a kernel, or a payload that has to be probed again (an uImage, a FIT, a
/// UKI hold other images), and what else travels with it. Views point into the probed bytes.
struct ImageContents {
  std::optional<KernelSpec> kernel;
  std::optional<CarriedBytes> payload;
  std::optional<ByteView> initrd;  ///< as it is: the next kernel unpacks it
  std::optional<CarriedBytes> device_tree;
  std::vector<CarriedBytes> overlays;  ///< for device_tree, in the order of application
  std::optional<std::string> command_line;

  /// What the image says of its payload, for messages: "a Linux kernel for AArch64". May be empty.
  std::string payload_summary;
  /// For which machine that is, as the image says: what KernelSpec::machine of the kernel inside
  /// has to begin with (`aarch64`, `riscv`). Empty when it does not say.
  std::string payload_machine;

  /// Which of several configurations these are; empty: the image has none to choose from.
  std::string configuration;
  /// The signature that was verified and covers all of the above, for the record: the algorithm and
  /// the key's name. Empty: none was, or it leaves something out.
  std::string verified_by;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
