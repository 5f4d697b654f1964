// SPDX-License-Identifier: Apache-2.0
#include "breadcrumb/device_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "machine/file.hpp"

namespace kxf {
namespace {

constexpr const char* memory_file = "/dev/mem";

/// Pages of a file; gives them back by itself.
class MappedPages {
 public:
  MappedPages(int fd, const Range& pages)
      : size_(pages.size_bytes()),
        start_(::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd, static_cast<off_t>(pages.start))) {
  }
  ~MappedPages() {
    if (mapped()) ::munmap(start_, size_);
  }
  MappedPages(const MappedPages&) = delete;
  MappedPages& operator=(const MappedPages&) = delete;

  [[nodiscard]] bool mapped() const { return start_ != MAP_FAILED; }
  /// A whole access to 8 bytes, at a multiple of 8: what a device allows.
  [[nodiscard]] std::uint64_t word(std::uint64_t offset) const {
    return static_cast<const volatile std::uint64_t*>(start_)[offset / 8];
  }

 private:
  std::size_t size_;
  void* start_;
};

tl::unexpected<Error> not_opened(int error) {
  if (error == ENOENT)
    return refuse(
        fmt::format("\"{}\" is not there: this kernel does not show its memory", memory_file),
        "use a kernel with CONFIG_DEVMEM, or the breadcrumb \"ramoops\"");
  const char* remedy = error == EACCES
                           ? "run kxf as root"
                           : "run kxf as root; under lockdown no program may read memory: use the "
                             "breadcrumb \"ramoops\"";
  return refuse(fmt::format("\"{}\" cannot be opened: {}", memory_file, std::strerror(error)),
                remedy);
}

}  // namespace

Result<ByteVector> read_device_memory(const Range& range) {
  if (range.start % 8 != 0 || range.end % 8 != 0)
    return broken(fmt::format("memory at {} is to be read 8 bytes at a time", to_text(range)));
  // O_SYNC: not through the cache, where the kernel has a choice.
  const OpenFile file(::open(memory_file, O_RDONLY | O_CLOEXEC | O_SYNC));
  if (!file.open()) return not_opened(errno);
  const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const Range pages{align_down(range.start, page), align_up(range.end, page).value_or(range.end)};
  const MappedPages mapped(file.get(), pages);
  if (!mapped.mapped())
    return refuse(fmt::format("\"{}\" does not give the memory at {}: {}", memory_file,
                              to_text(range), std::strerror(errno)),
                  "a kernel with STRICT_DEVMEM keeps RAM back: reserve the memory with no-map, or "
                  "use the breadcrumb \"ramoops\"");
  ByteVector bytes(range.size_bytes());
  for (std::uint64_t at = 0; at < bytes.size(); at += 8) {
    const std::uint64_t word = mapped.word(range.start - pages.start + at);
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  return bytes;
}

}  // namespace kxf
