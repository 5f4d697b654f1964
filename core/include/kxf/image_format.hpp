// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// Reads one kind of kernel image: a pure function from bytes to ImageContents. It may run in a
/// confined child process, so it must not open files, start threads or keep state.
class KXF_API ImageFormat : public Extension {
 public:
  ~ImageFormat() override;

  /// Is this mine? Decide by magic numbers; allocate nothing, decompress nothing.
  [[nodiscard]] virtual Probe probe(ByteView image) const noexcept = 0;
  /// Read an image that probe() said is `mine`.
  /// Errors: anything that makes the image unusable, with the offset where it was found.
  [[nodiscard]] virtual Result<ImageContents> parse(ByteView image, const Settings& settings,
                                                    Record& record) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
