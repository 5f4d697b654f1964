// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Which files may become part of a process that runs as root, and how they are opened so that
/// what was checked is what gets loaded.
///
/// Rules, as root: (T1) the directory's path is absolute; (T2) every directory on the way, behind
/// symbolic links too, is owned by root and not writable by group or others, unless it is sticky:
/// there nobody else can rename or replace what is root's; (T3) so is the file, without the
/// exception. As anyone: (T4) the file is regular and no symbolic link.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kxf/result.hpp"
#include "machine/file.hpp"

namespace kxf {

enum class Trust : std::uint8_t {
  any_owner,  ///< T4 only
  root_only,  ///< all rules
};

/// What this process must insist on: root_only when it runs as root.
[[nodiscard]] Trust required_trust() noexcept;

/// A directory of plugins, held open: its files are looked up in what was checked, wherever its
/// path leads by then.
class PluginDirectory {
 public:
  /// Nothing when there is no such directory.
  /// Errors: a broken rule (which, and on which directory), no permission.
  [[nodiscard]] static Result<std::optional<PluginDirectory>> open(
      const std::filesystem::path& directory, Trust trust);

  /// The names that end in `.so`, sorted.
  /// Errors: not readable.
  [[nodiscard]] Result<std::vector<std::string>> plugin_names() const;

  /// Errors: a broken rule, no permission. The message does not name the file.
  [[nodiscard]] Result<OpenFile> open_plugin(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  PluginDirectory(std::filesystem::path path, OpenFile directory, Trust trust)
      : path_(std::move(path)), directory_(std::move(directory)), trust_(trust) {}

  std::filesystem::path path_;
  OpenFile directory_;
  Trust trust_;
};

/// One file by its path.
/// Errors: as those of PluginDirectory; none is there.
[[nodiscard]] Result<OpenFile> open_plugin(const std::filesystem::path& file, Trust trust);

/// A copy of an open file that nobody can change any more, whose SHA-256 is `sha256` (64 digits,
/// lower case). The digest is taken of the copy, so that nothing can be swapped in between.
/// Errors: another digest, a malformed `sha256`, no memory for the copy.
[[nodiscard]] Result<OpenFile> pinned_copy(const OpenFile& file, std::string_view sha256);

}  // namespace kxf
