// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What formats and codecs are fed with. All of it is made from numbers that are always the same.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kxf/image_format.hpp"

namespace kxf::conformance {

struct Input {
  std::string what;  ///< for messages: `sample tiny.acme, cut to 12 bytes`
  ByteVector bytes;
};

/// The beginning of a file of a kind that is widely known.
struct KnownSample {
  std::string_view family;  ///< `gzip`, `elf`
  ByteVector bytes;
};

/// A flattened device tree with an empty root node (Devicetree Specification, chapter 5).
[[nodiscard]] ByteVector bare_tree();

/// One or more for each family, about 100 bytes each: right headers, then nothing of sense.
[[nodiscard]] std::vector<KnownSample> known_samples();

/// Bytes that are nobody's: none at all, zeros, ones, text, random ones.
[[nodiscard]] std::vector<Input> nobodys();

/// nobodys(), the known samples, and each of `samples` as it is, cut short, with flipped bits and
/// with random bytes behind its head. Of a sample above 1 MiB only what takes little time.
[[nodiscard]] std::vector<Input> hostile(std::span<const NamedBytes> samples);

/// Memory of its own for one input: it ends where a page ends that cannot be touched, so that a
/// byte read behind it is a crash.
class GuardedBytes {
 public:
  /// Without memory for it the view is empty and there() is false.
  GuardedBytes(ByteView bytes, bool writable);
  ~GuardedBytes();
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  [[nodiscard]] bool there() const noexcept { return base_ != nullptr; }
  [[nodiscard]] ByteView view() const noexcept { return view_; }

 private:
  void* base_ = nullptr;
  std::size_t mapped_bytes_ = 0;
  ByteView view_;
};

}  // namespace kxf::conformance
