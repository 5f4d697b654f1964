// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "kxf/bytes.hpp"
#include "kxf/extension.hpp"
#include "kxf/kernel.hpp"
#include "kxf/record.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

enum class ProbeVerdict : std::uint8_t {
  not_mine,
  mine,
  damaged,  ///< surely this format, but not usable: the reason says why
};

struct Probe {
  ProbeVerdict verdict = ProbeVerdict::not_mine;
  std::string reason;  ///< for `damaged`
};

/// A file that the profile names. The core has read it: a format opens none.
struct NamedBytes {
  std::string name;  ///< its path, for messages and the record
  ByteView bytes;
};

/// What parse() is asked beside the bytes. References and views live for the call.
struct ImageQuestion {
  const Settings& settings;
  /// `compatible` of the running machine's root node, most specific first, for an image that holds
  /// things for several boards. Empty: there is no device tree, or it names no board.
  std::span<const std::string_view> board = {};
  /// Of several configurations in the image, the one that the profile chooses
  /// (`kernel.configuration`). Empty: the format's own rule decides. An image without that one is
  /// refused.
  std::string_view configuration = {};
  /// The files of `kernel.keys`: public keys in PEM.
  std::span<const NamedBytes> keys = {};
  /// Nothing may be taken from the image that no verified signature covers. The core refuses
  /// contents without ImageContents::verified_by; a format that reads signatures refuses first, as
  /// it can say why.
  bool signature_required = false;
};

/// Reads one kind of kernel image: a pure function from bytes to ImageContents. It may run in a
/// confined child process, so it must not open files, start threads or keep state.
class KXF_API ImageFormat : public Extension {
 public:
  ~ImageFormat() override;

  /// Is this mine? Decide by magic numbers; allocate nothing, decompress nothing.
  [[nodiscard]] virtual Probe probe(ByteView image) const noexcept = 0;
  /// Read an image that probe() said is `mine`.
  /// Errors: anything that makes the image unusable, with the offset where it was found.
  [[nodiscard]] virtual Result<ImageContents> parse(ByteView image, const ImageQuestion& question,
                                                    Record& record) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
