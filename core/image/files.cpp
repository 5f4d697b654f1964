// SPDX-License-Identifier: Apache-2.0
#include "image/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "machine/file.hpp"

namespace kxf {
namespace {

struct Mapping {
  Mapping(void* address, std::size_t length) : base(address), size(length) {}
  ~Mapping() { munmap(base, size); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void* base;
  std::size_t size;
};

tl::unexpected<Error> failed(const std::string& path, std::string_view what, int error) {
  const std::string_view remedy = error == ENOENT   ? "check the path"
                                  : error == EACCES ? "run as a user who may read it"
                                                    : "name a file that can be read";
  return refuse(fmt::format("{} \"{}\": {}", what, path, std::strerror(error)),
                std::string(remedy));
}

}  // namespace

Result<Blob> read_file(const std::string& path) {
  // O_NONBLOCK: a FIFO must be refused, not waited for.
  const OpenFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return failed(path, "cannot open", errno);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return failed(path, "cannot examine", errno);
  if (!S_ISREG(status.st_mode))
    return refuse(fmt::format("\"{}\" is not a regular file", path), "name a file");
  if (status.st_size == 0)
    return refuse(fmt::format("\"{}\" is empty", path), "check how it was made or copied");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* base = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (base == MAP_FAILED) return failed(path, "cannot map", errno);
  auto mapping = std::make_shared<const Mapping>(base, size);
  // Read once, from front to back: the kernel reads far ahead, and does not move the pages to its
  // active list when they are unmapped, a seventh of all that the first load of a file costs.
  // Advice: where it is refused, the load is only slower.
  (void)madvise(base, size, MADV_SEQUENTIAL);
  return Blob(mapping, ByteView(static_cast<const std::uint8_t*>(base), size));
}

Result<Blob> copy_file(const std::string& path) {
  KXF_TRY(file, read_file(path));
  return Blob(ByteVector(file.view().begin(), file.view().end()));
}

Blob join_initrds(const std::vector<Blob>& files) {
  if (files.empty()) return {};
  if (files.size() == 1) return files.front();
  std::size_t total = 0;
  for (const Blob& file : files) total += (file.size_bytes() + 3) / 4 * 4;
  ByteVector joined;
  joined.reserve(total);
  for (const Blob& file : files) {
    joined.insert(joined.end(), file.view().begin(), file.view().end());
    joined.resize((joined.size() + 3) / 4 * 4);
  }
  return Blob(std::move(joined));
}

}  // namespace kxf
