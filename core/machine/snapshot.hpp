// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The content of a capture: the files, directories and links of a small file system in memory.

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kxf/bytes.hpp"

namespace kxf {

/// What is at a path; a path that has entries below it is a directory, with an entry or without.
struct SnapshotEntry {
  enum class Kind : std::uint8_t { file, directory, link };

  Kind kind = Kind::file;
  Blob bytes;           ///< of a file
  std::string link;     ///< target, as it is written there
  std::string problem;  ///< a file of a capture directory that this user cannot read: why
};

class Snapshot {
 public:
  /// Errors: as those of read_tar(); two entries for one path.
  [[nodiscard]] static Result<Snapshot> from_tar(ByteVector archive);
  /// Errors: not readable, over 256 MiB, neither file nor directory nor link in it.
  [[nodiscard]] static Result<Snapshot> from_directory(const std::filesystem::path& directory);

  /// Where `path` leads, following links inside the snapshot; nothing on a loop.
  [[nodiscard]] std::optional<std::string> resolve(std::string_view path, bool follow_last) const;

  /// The entry at exactly this place (as resolve() gives it); null when there is none.
  [[nodiscard]] const SnapshotEntry* find(const std::string& place) const;
  /// Is there an entry here, or one below?
  [[nodiscard]] bool has(const std::string& place) const;
  /// The names below this place, sorted.
  [[nodiscard]] std::vector<std::string> names_in(const std::string& place) const;

 private:
  std::map<std::string, SnapshotEntry> entries_;  ///< by absolute path without links
};

}  // namespace kxf
