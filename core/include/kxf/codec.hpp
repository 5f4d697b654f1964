// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kxf/bytes.hpp"
#include "kxf/extension.hpp"

namespace kxf {
inline namespace KXF_ABI_NAMESPACE {

class OutputMemory;

/// Where a codec writes: memory that grows up to the limit of the policy, and that becomes the
/// segment itself.
class KXF_API OutputBuffer {
 public:
  explicit OutputBuffer(std::uint64_t limit_bytes);
  /// The core's way: the next window of memory that outlives this process. Null: as above.
  OutputBuffer(std::uint64_t limit_bytes, std::shared_ptr<OutputMemory> memory);
  ~OutputBuffer();
  OutputBuffer(const OutputBuffer&) = delete;
  OutputBuffer& operator=(const OutputBuffer&) = delete;

  /// At least one writable byte behind what is committed, usually many more.
  /// Errors: the limit is reached (a decompression bomb, or a limit set too low).
  [[nodiscard]] Result<std::span<std::uint8_t>> tail();
  /// The next `size` bytes in one piece, for decoders that write whole blocks or that look back
  /// into what they wrote: everything committed lies right in front. Fewer when the limit leaves
  /// fewer. Errors: as for tail() when `size` is not 0 and nothing is left; no memory.
  [[nodiscard]] Result<std::span<std::uint8_t>> tail(std::uint64_t size);
  /// The first `size` bytes of the last tail() are part of the output now. More than tail() gave is
  /// a bug: the output is refused.
  void commit(std::size_t size) noexcept;

  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return used_; }
  /// How much more the limit allows.
  [[nodiscard]] std::uint64_t left_bytes() const noexcept { return limit_ - used_; }
  /// The error of tail() at the limit, for decoders that know beforehand that it will be passed.
  [[nodiscard]] tl::unexpected<Error> over_limit() const;
  /// Hand the output over; the buffer is empty afterwards.
  [[nodiscard]] Blob take();
  /// Was more committed than there was?
  [[nodiscard]] bool overrun() const noexcept { return overrun_; }

 private:
  [[nodiscard]] Status reserve();

  std::shared_ptr<OutputMemory> memory_;
  std::uint8_t* base_ = nullptr;
  std::uint64_t reserved_ = 0;
  std::uint64_t writable_ = 0;
  std::uint64_t granted_ = 0;  ///< the end of the last tail()
  std::uint64_t used_ = 0;
  std::uint64_t limit_;
  bool overrun_ = false;
};

/// Unwraps compressed bytes.
class KXF_API Codec : public Extension {
 public:
  ~Codec() override;

  /// Do the first bytes look like this codec's? By magic only; must not decompress.
  [[nodiscard]] virtual bool recognises(ByteView packed) const noexcept = 0;
  /// Decompress all of `packed` into `out`. What follows the end of the compressed stream is
  /// ignored when it is zeros, or the four bytes with the unpacked size that Linux's build appends;
  /// else it is an error.
  /// Errors: damaged or truncated input (where), the limit of `out`.
  [[nodiscard]] virtual Status unpack(ByteView packed, OutputBuffer& out) const noexcept = 0;
};

}  // namespace KXF_ABI_NAMESPACE
}  // namespace kxf
