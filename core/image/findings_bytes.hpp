// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Findings about an image as bytes: how they come out of the process that made them.

#include "image/load_image.hpp"
#include "kxf/record.hpp"

namespace kxf {

/// What views and blobs may point into, in either process: the file, and what was unpacked.
struct ViewSources {
  Blob file;
  Blob unpacked;
};

/// Findings and the record that was written on the way. An image with a view that lies in neither
/// source becomes an error, since it could not be given to another process.
[[nodiscard]] ByteVector findings_to_bytes(const ImageFindings& findings, const Record& record,
                                           const ViewSources& sources);

/// The same back, with views and blobs into `sources`; the record is added to. The bytes may be
/// anybody's: a view outside of its source, or a kernel's part outside of the last layer, a value
/// that is no member of its enumeration, a text of more than 64 KiB, a list of more than 4096
/// entries or bytes left over are errors. Control characters in texts for people become "?".
/// What the kernel's numbers mean is not checked here (see check_kernel_spec()).
[[nodiscard]] Result<ImageFindings> findings_from_bytes(ByteView bytes, const ViewSources& sources,
                                                        Record& record);

}  // namespace kxf
