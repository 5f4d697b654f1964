// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/result.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

using ByteView = std::span<const std::uint8_t>;
using ByteVector = std::vector<std::uint8_t>;

enum class Endian : std::uint8_t { little, big };

[[nodiscard]] inline std::string_view name_of(Endian endian) {
  return endian == Endian::little ? "little" : "big";
}

/// The bytes of a string without its terminator.
[[nodiscard]] inline ByteView bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
[[nodiscard]] inline std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Text from outside as it can be printed on a terminal: what is no printable ASCII becomes "?",
/// and behind 64 characters "..." stands for the rest.
[[nodiscard]] KXF_API std::string shown(std::string_view text);

/// Bytes together with whatever keeps them alive (a mapped file, a decompression buffer).
/// Copying a Blob copies the reference, never the bytes. Immutable and thread safe.
class Blob {
 public:
  Blob() = default;
  Blob(std::shared_ptr<const void> owner, ByteView view) : owner_(std::move(owner)), view_(view) {}
  explicit Blob(ByteVector bytes) {
    auto held = std::make_shared<const ByteVector>(std::move(bytes));
    view_ = *held;
    owner_ = std::move(held);
  }

  [[nodiscard]] ByteView view() const noexcept { return view_; }
  [[nodiscard]] std::size_t size_bytes() const noexcept { return view_.size(); }
  [[nodiscard]] bool empty() const noexcept { return view_.empty(); }
  /// The same owner, another window of it. `view` must lie inside view().
  [[nodiscard]] Blob narrowed(ByteView view) const { return {owner_, view}; }

 private:
  std::shared_ptr<const void> owner_;
  ByteView view_;
};

/// A reader of bytes that came from outside. Every access is checked; none trusts an offset or a
/// size that was read from the same bytes. Offsets count from the start of the view.
///
/// All parsers of images and device trees read through this class and nothing else.
class Bytes {
 public:
  explicit Bytes(ByteView view, Endian endian = Endian::little) : view_(view), endian_(endian) {}

  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return view_.size(); }
  [[nodiscard]] Endian endian() const noexcept { return endian_; }

  /// `size` bytes from `offset`.
  /// Errors: the window does not lie inside the bytes ("ends at byte N, M are needed").
  [[nodiscard]] KXF_API Result<ByteView> slice(std::uint64_t offset, std::uint64_t size) const;

  /// An unsigned integer in this reader's byte order; alignment does not matter.
  /// Errors: as for slice().
  template <std::unsigned_integral T>
  [[nodiscard]] Result<T> read(std::uint64_t offset) const {
    KXF_TRY(window, slice(offset, sizeof(T)));
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      const std::size_t shift = 8 * (endian_ == Endian::little ? i : sizeof(T) - 1 - i);
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(window[i]) << shift));
    }
    return value;
  }

  /// Is `pattern` at `offset`? False, not an error, when the bytes end before.
  [[nodiscard]] KXF_API bool has(std::uint64_t offset, std::string_view pattern) const noexcept;

 private:
  ByteView view_;
  Endian endian_;
};

/// Store `value` in `endian` order at `out[offset]`. The caller owns the bounds: offset +
/// sizeof(T) <= out.size().
template <std::unsigned_integral T>
void store(std::span<std::uint8_t> out, std::size_t offset, T value, Endian endian) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t shift = 8 * (endian == Endian::little ? i : sizeof(T) - 1 - i);
    out[offset + i] = static_cast<std::uint8_t>(value >> shift);
  }
}

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
