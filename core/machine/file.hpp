// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Files as this program needs them: read to the end whatever size they claim (those of /proc and
/// /sys claim none or a page), and written whole or not at all.

#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "kxf/bytes.hpp"

namespace kxf {

/// A file descriptor that closes itself.
class OpenFile {
 public:
  OpenFile() = default;
  explicit OpenFile(int fd) : fd_(fd) {}
  ~OpenFile();
  OpenFile(OpenFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  /// Give it up without closing it.
  int release() noexcept { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// All of a file.
/// Errors: absent, not readable (why), no regular file, larger than `limit_bytes`.
[[nodiscard]] Result<ByteVector> read_to_end(const std::filesystem::path& path,
                                             std::uint64_t limit_bytes);

/// Its first `size_bytes`, or fewer when it ends before; nothing behind them is touched.
/// Errors: as above.
[[nodiscard]] Result<ByteVector> read_prefix(const std::filesystem::path& path,
                                             std::uint64_t size_bytes);

/// Write all of `bytes`; 0 or an errno.
[[nodiscard]] int write_all(int fd, ByteView bytes) noexcept;

/// Create or replace `path` (mode 0600): a reader sees the old file or the new one, and after an
/// error the old one is untouched and nothing is left beside it.
/// Errors: the directory or the disk does not allow it.
[[nodiscard]] Status write_file(const std::filesystem::path& path, ByteView bytes);
/// The same of pieces, one behind the other.
[[nodiscard]] Status write_file(const std::filesystem::path& path,
                                std::span<const ByteView> pieces);

}  // namespace kxf
