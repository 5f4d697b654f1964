// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "kxf/codec.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

/// Memory becomes writable in steps of this size, the size of a huge page on the hosts that
/// matter: one page fault then serves a whole step.
constexpr std::uint64_t step_bytes = 2U << 20U;

/// Address space only: PROT_NONE is not charged against the commit limit, so a generous limit
/// costs nothing where overcommit is strict. The result is aligned to a step.
std::uint8_t* reserve_addresses(std::uint64_t size) {
  const std::uint64_t with_slack = size + step_bytes;
  void* const found =
      mmap(nullptr, with_slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (found == MAP_FAILED) return nullptr;
  auto* const first = static_cast<std::uint8_t*>(found);
  const std::uint64_t head =
      (step_bytes - reinterpret_cast<std::uintptr_t>(found) % step_bytes) % step_bytes;
  if (head != 0) munmap(first, head);
  munmap(first + head + size, with_slack - head - size);
  return first + head;
}

tl::unexpected<Error> no_memory(std::uint64_t size, int error) {
  return refuse(
      fmt::format("no memory for {} of unpacked data: {}", size_text(size), std::strerror(error)),
      "free memory, or lift the limits of this process");
}

}  // namespace

OutputBuffer::OutputBuffer(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

OutputBuffer::~OutputBuffer() {
  if (base_ != nullptr) munmap(base_, reserved_);
}

tl::unexpected<Error> OutputBuffer::over_limit() const {
  return refuse(fmt::format("unpacks to more than the limit of {}", size_text(limit_)),
                "raise the unpack limit of the profile if the file really is that large");
}

Result<std::span<std::uint8_t>> OutputBuffer::tail() {
  if (used_ >= limit_) return over_limit();
  // To the end of a step: what lies behind it costs a system call.
  return tail(align_down(used_, step_bytes) + step_bytes - used_);
}

Result<std::span<std::uint8_t>> OutputBuffer::tail(std::uint64_t size) {
  if (size == 0) return std::span<std::uint8_t>();
  if (used_ >= limit_) return over_limit();
  if (base_ == nullptr) {
    const auto all = align_up(limit_, step_bytes);
    if (!all || *all > UINT64_MAX / 2) return no_memory(limit_, ENOMEM);
    base_ = reserve_addresses(*all);
    if (base_ == nullptr) return no_memory(*all, errno);
    reserved_ = *all;
  }
  const std::uint64_t end = used_ + std::min(size, limit_ - used_);
  if (end > writable_) {
    const std::uint64_t wanted = align_down(end + step_bytes - 1, step_bytes);
    if (mprotect(base_ + writable_, wanted - writable_, PROT_READ | PROT_WRITE) != 0)
      return no_memory(wanted, errno);
    // Advice: where it is refused, small pages do as well.
    (void)madvise(base_ + writable_, wanted - writable_, MADV_HUGEPAGE);
    writable_ = wanted;
  }
  return std::span<std::uint8_t>(base_ + used_, static_cast<std::size_t>(end - used_));
}

void OutputBuffer::commit(std::size_t size) noexcept { used_ += size; }

Blob OutputBuffer::take() {
  std::uint8_t* const base = std::exchange(base_, nullptr);
  const std::uint64_t reserved = std::exchange(reserved_, 0);
  const std::uint64_t used = std::exchange(used_, 0);
  writable_ = 0;
  if (base == nullptr) return {};
  if (used == 0) {
    munmap(base, reserved);
    return {};
  }
  // A step is a multiple of every page size there is.
  const std::uint64_t kept = align_down(used + step_bytes - 1, step_bytes);
  if (kept < reserved) munmap(base + kept, reserved - kept);
  // Blobs are immutable; if this fails, nothing but the safety net is missing.
  (void)mprotect(base, kept, PROT_READ);
  std::shared_ptr<const void> owner(base, [kept](std::uint8_t* memory) { munmap(memory, kept); });
  return {std::move(owner), ByteView(base, static_cast<std::size_t>(used))};
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
