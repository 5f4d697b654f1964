// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Formats and codecs at work on a file, in a confined child (sandbox/run_confined.hpp) or here.

#include "image/load_image.hpp"

namespace kxf {

struct ConfinedFindings {
  ImageFindings findings;
  std::vector<std::string> not_confined;  ///< see Confined
};

/// unwrap_image() as the policy wants it: confined, or with `--no-sandbox`, which the record says,
/// in this process. The same findings and the same record come out, but that nothing of the image
/// was read by this process: views point into the file, and into memory that the child has written
/// and nobody can write to any more.
/// Errors: what ended the child (see run_confined()), with the plugin that was at work; an answer
/// that contradicts itself.
[[nodiscard]] Result<ConfinedFindings> unwrap_as_policy_says(const ImageFile& file,
                                                             const Registry& registry,
                                                             const Policy& policy, Record& record,
                                                             bool digests);

}  // namespace kxf
