// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Memory that a confined child unpacks into and that its parent reads without a copy.

#include <cstdint>
#include <memory>

#include "kxf/bytes.hpp"
#include "kxf/export.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

/// Output becomes writable in steps of this size, a multiple of every page size there is and the
/// size of a huge page on the hosts that matter: one page fault then serves a whole step.
inline constexpr std::uint64_t output_step_bytes = 2U << 20U;

/// Address space over a memory file, made before the child is. The child takes windows of it, one
/// behind the other, each for one OutputBuffer; pages exist where it writes, and go when what it
/// unpacked is dropped. Addresses are the same in both processes.
class KXF_API OutputMemory {
 public:
  /// Errors: no address space, no memory file.
  [[nodiscard]] static Result<std::shared_ptr<OutputMemory>> create(std::uint64_t room_bytes);
  ~OutputMemory();
  OutputMemory(const OutputMemory&) = delete;
  OutputMemory& operator=(const OutputMemory&) = delete;

  /// In the child: at most `size` bytes of address space, aligned to `alignment`, not yet
  /// accessible; fewer where there is not more room.
  [[nodiscard]] std::span<std::uint8_t> take_window(std::uint64_t size, std::uint64_t alignment);
  /// In the child: of the last window only `used` bytes are needed.
  void shrink_window(std::span<std::uint8_t> window, std::uint64_t used) noexcept;
  /// In the child: give the pages back.
  static void drop(std::uint8_t* memory, std::uint64_t size) noexcept;

  /// All of it. In the child it tells whether a view is in here; only written parts are readable.
  [[nodiscard]] ByteView range() const noexcept { return {base_, static_cast<std::size_t>(size_)}; }

  /// In the parent, after the child has ended: make it immutable for every process, and readable.
  /// Errors: somebody still has it mapped for writing.
  [[nodiscard]] static Result<Blob> seal(std::shared_ptr<OutputMemory> memory);

 private:
  OutputMemory() = default;
  int fd_ = -1;
  std::uint8_t* base_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;
};

/// Address space of `size` bytes, aligned to `alignment`, without access; null with errno. It is
/// not charged against the commit limit, so a generous size costs nothing where overcommit is
/// strict.
[[nodiscard]] std::uint8_t* reserve_addresses(std::uint64_t size, std::uint64_t alignment);

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
