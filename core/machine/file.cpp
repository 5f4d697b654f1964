// SPDX-License-Identifier: Apache-2.0
#include "machine/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kxf {
namespace {

tl::unexpected<Error> unreadable(const std::filesystem::path& path, int error) {
  if (error == ENOENT || error == ENOTDIR)
    return refuse(fmt::format("\"{}\" is not there", path.native()));
  std::string remedy;
  if (error == EACCES || error == EPERM) remedy = "run as root";
  return refuse(fmt::format("\"{}\" cannot be read: {}", path.native(), std::strerror(error)),
                remedy);
}

}  // namespace

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<ByteVector> read_prefix(const std::filesystem::path& path, std::uint64_t size_bytes) {
  // O_NONBLOCK: a FIFO in the place of a file must not stop us.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.open()) return unreadable(path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode))
    return refuse(fmt::format("\"{}\" is not a regular file", path.native()));

  // Files of /proc and /sys claim a size of 0 or of a page, whatever they hold.
  constexpr std::uint64_t first_read = 64U << 10U;
  const std::uint64_t claimed = status.st_size > 0 ? std::uint64_t(status.st_size) + 1 : 0;
  ByteVector bytes(std::min(size_bytes, std::max(first_read, claimed)));
  std::uint64_t used = 0;
  while (used < size_bytes) {
    if (used == bytes.size()) bytes.resize(std::min(size_bytes, 2 * used));
    const ssize_t got = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable(path, errno);
    if (got == 0) break;
    used += std::uint64_t(got);
  }
  bytes.resize(used);
  return bytes;
}

Result<ByteVector> read_to_end(const std::filesystem::path& path, std::uint64_t limit_bytes) {
  KXF_TRY(bytes, read_prefix(path, limit_bytes + 1));
  if (bytes.size() > limit_bytes)
    return refuse(fmt::format("\"{}\" is larger than {} bytes", path.native(), limit_bytes));
  return std::move(bytes);
}

int write_all(int fd, ByteView bytes) noexcept {
  while (!bytes.empty()) {
    // write(2) moves at most 2 GiB minus a page at a time.
    const std::size_t chunk = std::min<std::size_t>(bytes.size(), 1U << 30U);
    const ssize_t written = ::write(fd, bytes.data(), chunk);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    bytes = bytes.subspan(std::size_t(written));
  }
  return 0;
}

Status write_file(const std::filesystem::path& path, ByteView bytes) {
  return write_file(path, std::span<const ByteView>(&bytes, 1));
}

Status write_file(const std::filesystem::path& path, std::span<const ByteView> pieces) {
  std::string unfinished = path.native() + ".XXXXXX";
  const auto fail = [&](std::string_view what, int error) {
    return refuse(fmt::format("\"{}\" cannot be {}: {}", path.native(), what, std::strerror(error)),
                  "choose a directory that exists, has room and that you may write to");
  };
  const OpenFile file(::mkostemp(unfinished.data(), O_CLOEXEC));
  if (!file.open()) return fail("created", errno);
  int error = 0;
  for (const ByteView piece : pieces)
    if (error == 0) error = write_all(file.get(), piece);
  if (error == 0 && ::fsync(file.get()) != 0 && errno != EINVAL) error = errno;
  if (error == 0 && ::rename(unfinished.c_str(), path.c_str()) != 0) error = errno;
  if (error == 0) return {};
  ::unlink(unfinished.c_str());
  return fail("written", error);
}

}  // namespace kxf
