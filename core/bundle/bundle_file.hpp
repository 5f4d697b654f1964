// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The file that firmware starts.

#include <filesystem>
#include <vector>

#include "plan/seal.hpp"

namespace kxf {

/// The image, piece by piece; with moves of the plan's relocation, one for each segment.
struct BundleFile {
  ByteVector head;
  /// Behind the head, without gaps: the bytes of segments, which the sealed plan owns, and zeros
  /// between them.
  std::vector<ByteView> payload;

  [[nodiscard]] std::uint64_t size_bytes() const;
};

/// From a plan with a BundlePlan that was sealed with seeds of zeros. `sealed` must outlive the
/// result. Errors: of the architecture.
[[nodiscard]] Result<BundleFile> bundle_file(const PlannedLoad& planned, const SealedPlan& sealed,
                                             const Machine& machine);

/// Create or replace `path`, as write_file() does.
[[nodiscard]] Status write_bundle(const std::filesystem::path& path, const BundleFile& file);

}  // namespace kxf
