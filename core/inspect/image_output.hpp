// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What was found in an image file, for people and for programs.

#include <string>
#include <string_view>

#include "image/load_image.hpp"
#include "kxf/record.hpp"

namespace kxf {

/// JSON, schema 1: the same file, profile and board give the same bytes. Sizes are in bytes, other
/// numbers of the kernel are hexadecimal strings. Without a kernel `kernel` is null and `error`
/// says why.
[[nodiscard]] std::string image_json(const ImageFindings& findings, const Record& record,
                                     std::string_view subject);

/// The layers, what each carries, and the kernel; with `verbose` the record of decisions too. The
/// error is not in it.
[[nodiscard]] std::string image_text(const ImageFindings& findings, const Record& record,
                                     bool verbose);

}  // namespace kxf
