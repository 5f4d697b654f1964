// SPDX-License-Identifier: Apache-2.0
#include "image/output_memory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {
namespace {

tl::unexpected<Error> no_memory(std::string_view what) {
  return refuse(fmt::format("no memory to unpack into: {}: {}", what, std::strerror(errno)),
                "free memory, or lift the limits of this process");
}

}  // namespace

std::uint8_t* reserve_addresses(std::uint64_t size, std::uint64_t alignment) {
  const std::uint64_t with_slack = size + alignment;
  void* const found =
      mmap(nullptr, with_slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::uint8_t*>(found);
  const std::uint64_t head =
      (alignment - reinterpret_cast<std::uintptr_t>(found) % alignment) % alignment;
  if (head != 0) munmap(first, head);
  munmap(first + head + size, with_slack - head - size);
  return first + head;
}

Result<std::shared_ptr<OutputMemory>> OutputMemory::create(std::uint64_t room_bytes) {
  std::shared_ptr<OutputMemory> memory(new OutputMemory);
  const auto room = align_up(room_bytes, output_step_bytes);
  if (!room || *room > INT64_MAX) {
    errno = EFBIG;
    return no_memory("size");
  }
  memory->fd_ = memfd_create("kxf-unpacked", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  // A kernel without memory files: anonymous memory is shared over fork() as well, and only
  // sealing is missing.
  if (memory->fd_ < 0 && errno != ENOSYS) return no_memory("memfd_create");
  if (memory->fd_ >= 0 && (ftruncate(memory->fd_, static_cast<off_t>(*room)) != 0 ||
                           fcntl(memory->fd_, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0))
    return no_memory("memory file");
  std::uint8_t* const addresses = reserve_addresses(*room, output_step_bytes);
  if (addresses == nullptr) return no_memory("address space");
  memory->base_ = addresses;
  memory->size_ = *room;
  const int kind = memory->fd_ < 0 ? MAP_ANONYMOUS : 0;
  if (mmap(addresses, *room, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE | kind, memory->fd_,
           0) == MAP_FAILED)
    return no_memory("mmap");
  return memory;
}

OutputMemory::~OutputMemory() {
  if (base_ != nullptr) munmap(base_, size_);
  if (fd_ >= 0) close(fd_);
}

std::span<std::uint8_t> OutputMemory::take_window(std::uint64_t size, std::uint64_t alignment) {
  const std::uint64_t start = std::min(align_up(next_, alignment).value_or(size_), size_);
  const std::uint64_t given = std::min(size, size_ - start);
  next_ = start + given;
  return {base_ + start, static_cast<std::size_t>(given)};
}

void OutputMemory::shrink_window(std::span<std::uint8_t> window, std::uint64_t used) noexcept {
  if (window.data() + window.size() == base_ + next_)
    next_ = static_cast<std::uint64_t>(window.data() - base_) + used;
}

void OutputMemory::drop(std::uint8_t* memory, std::uint64_t size) noexcept {
  // madvise(2): not of memory that cannot be written to.
  (void)mprotect(memory, size, PROT_READ | PROT_WRITE);
  (void)madvise(memory, size, MADV_REMOVE);
  (void)mprotect(memory, size, PROT_NONE);
}

Result<Blob> OutputMemory::seal(std::shared_ptr<OutputMemory> memory) {
  const auto failed = [](std::string_view what) {
    return refuse(
        fmt::format("cannot take over what was unpacked: {}: {}", what, std::strerror(errno)),
        "end the process that the plugin has left behind, and do not use that plugin");
  };
  if (memory->fd_ < 0) {
    if (mprotect(memory->base_, memory->size_, PROT_READ) != 0) return failed("mprotect");
  } else {
    // Our own mapping could be made writable, which a seal forbids: so it goes first.
    std::uint8_t* const base = std::exchange(memory->base_, nullptr);
    munmap(base, memory->size_);
    if (fcntl(memory->fd_, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) != 0) return failed("seal");
    // Private: kernels before 6.7 map no sealed file as shared, and nobody writes.
    void* const mapped =
        mmap(nullptr, memory->size_, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, memory->fd_, 0);
    if (mapped == MAP_FAILED) return failed("mmap");
    memory->base_ = static_cast<std::uint8_t*>(mapped);
  }
  const ByteView all = memory->range();
  return Blob(std::move(memory), all);
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
