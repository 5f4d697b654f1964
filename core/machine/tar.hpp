// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Tar archives, as far as captures need them: files, directories and symbolic links.
///
/// Written: ustar (IEEE Std 1003.1-2017, pax, "ustar Interchange Format") with a pax extended
/// header where a name does not fit; no times, owners or modes of the machine, so that the same
/// content gives the same bytes. Read: ustar, pax, and GNU's long names.

#include <string>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {

struct TarEntry {
  enum class Kind : std::uint8_t { file, directory, link };

  std::string path;  ///< relative, without `.` and `..`: `proc/iomem`
  Kind kind = Kind::file;
  ByteView bytes;    ///< of a file
  std::string link;  ///< target of a link, as it is written there
};

/// The entries in the order of the archive; bytes are views into it.
/// Errors: no tar archive, truncated, a header checksum that does not match, a number that is
/// none, a path that leaves the archive, a kind of entry that captures do not have.
[[nodiscard]] Result<std::vector<TarEntry>> read_tar(ByteView archive);

[[nodiscard]] ByteVector write_tar(const std::vector<TarEntry>& entries);

}  // namespace kxf
