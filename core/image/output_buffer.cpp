// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "image/output_memory.hpp"
#include "kxf/codec.hpp"
#include "kxf/range.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

namespace {

tl::unexpected<Error> no_memory(std::uint64_t size, int error) {
  return refuse(
      fmt::format("no memory for {} of unpacked data: {}", size_text(size), std::strerror(error)),
      "free memory, or lift the limits of this process");
}

}  // namespace

OutputBuffer::OutputBuffer(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

OutputBuffer::OutputBuffer(std::uint64_t limit_bytes, std::shared_ptr<OutputMemory> memory)
    : memory_(std::move(memory)), limit_(limit_bytes) {}

OutputBuffer::~OutputBuffer() {
  if (base_ == nullptr) return;
  if (!memory_) {
    munmap(base_, reserved_);
    return;
  }
  OutputMemory::drop(base_, writable_);
  memory_->shrink_window({base_, static_cast<std::size_t>(reserved_)}, 0);
}

tl::unexpected<Error> OutputBuffer::over_limit() const {
  return refuse(fmt::format("unpacks to more than the limit of {}", size_text(limit_)),
                "raise the unpack limit of the profile if the file really is that large");
}

Result<std::span<std::uint8_t>> OutputBuffer::tail() {
  if (used_ >= limit_) return over_limit();
  // To the end of a step: what lies behind it costs a system call.
  return tail(align_down(used_, output_step_bytes) + output_step_bytes - used_);
}

Result<std::span<std::uint8_t>> OutputBuffer::tail(std::uint64_t size) {
  if (size == 0) return std::span<std::uint8_t>();
  if (used_ >= limit_) return over_limit();
  if (base_ == nullptr) KXF_CHECK(reserve());
  const std::uint64_t most = std::min(limit_, reserved_);
  if (used_ >= most)
    return refuse(fmt::format("the layers of this image unpack to more than {} together",
                              size_text(memory_->range().size())),
                  "raise the unpack limit of the profile if they really are that large");
  const std::uint64_t end = used_ + std::min(size, most - used_);
  if (end > writable_) {
    const std::uint64_t wanted = align_down(end + output_step_bytes - 1, output_step_bytes);
    if (mprotect(base_ + writable_, wanted - writable_, PROT_READ | PROT_WRITE) != 0)
      return no_memory(wanted, errno);
    // Advice: where it is refused, small pages do as well.
    (void)madvise(base_ + writable_, wanted - writable_, MADV_HUGEPAGE);
    writable_ = wanted;
  }
  granted_ = end;
  return std::span<std::uint8_t>(base_ + used_, static_cast<std::size_t>(end - used_));
}

Status OutputBuffer::reserve() {
  const auto all = align_up(limit_, output_step_bytes);
  if (!all || *all > UINT64_MAX / 2) return no_memory(limit_, ENOMEM);
  if (memory_) {
    const std::span<std::uint8_t> window = memory_->take_window(*all, output_step_bytes);
    base_ = window.data();
    reserved_ = window.size();
    return {};
  }
  base_ = reserve_addresses(*all, output_step_bytes);
  if (base_ == nullptr) return no_memory(*all, errno);
  reserved_ = *all;
  return {};
}

void OutputBuffer::commit(std::size_t size) noexcept {
  overrun_ = overrun_ || size > granted_ - used_;
  used_ = overrun_ ? used_ : used_ + size;
}

Blob OutputBuffer::take() {
  std::uint8_t* const base = std::exchange(base_, nullptr);
  const std::uint64_t reserved = std::exchange(reserved_, 0);
  const std::uint64_t used = std::exchange(used_, 0);
  const std::uint64_t writable = std::exchange(writable_, 0);
  granted_ = 0;
  if (base == nullptr) return {};
  // A step is a multiple of every page size there is.
  const std::uint64_t kept = align_down(used + output_step_bytes - 1, output_step_bytes);
  if (memory_) {
    if (kept < writable) OutputMemory::drop(base + kept, writable - kept);
    memory_->shrink_window({base, static_cast<std::size_t>(reserved)}, kept);
    if (kept == 0) return {};
    (void)mprotect(base, kept, PROT_READ);
    std::shared_ptr<const void> owner(
        base, [kept, memory = memory_](std::uint8_t* dropped) { memory->drop(dropped, kept); });
    return {std::move(owner), ByteView(base, static_cast<std::size_t>(used))};
  }
  if (used == 0) {
    munmap(base, reserved);
    return {};
  }
  if (kept < reserved) munmap(base + kept, reserved - kept);
  // Blobs are immutable; if this fails, nothing but the safety net is missing.
  (void)mprotect(base, kept, PROT_READ);
  std::shared_ptr<const void> owner(base, [kept](std::uint8_t* memory) { munmap(memory, kept); });
  return {std::move(owner), ByteView(base, static_cast<std::size_t>(used))};
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
