// SPDX-License-Identifier: Apache-2.0
#include "packing.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace plugin {
namespace {

constexpr std::string_view magic = "template-name packed\n";
constexpr std::uint64_t size_offset = magic.size();
constexpr std::uint64_t runs_offset = magic.size() + 8;
constexpr std::uint8_t end_mark = 128;

/// Linux's build appends the unpacked size to what it compresses.
constexpr std::uint64_t appended_size_bytes = 4;

/// tail() may give less than asked for: the rest is written into the next one.
kxf::Status put(kxf::OutputBuffer& out, kxf::ByteView bytes) {
  while (!bytes.empty()) {
    KXF_TRY(room, out.tail());
    const std::size_t size = std::min(room.size(), bytes.size());
    std::copy_n(bytes.begin(), size, room.begin());
    out.commit(size);
    bytes = bytes.subspan(size);
  }
  return {};
}

kxf::Status put(kxf::OutputBuffer& out, std::uint8_t byte, std::size_t count) {
  while (count != 0) {
    KXF_TRY(room, out.tail());
    const std::size_t size = std::min(room.size(), count);
    std::fill_n(room.begin(), size, byte);
    out.commit(size);
    count -= size;
  }
  return {};
}

/// Returns the offset behind the end mark.
/// Errors: the input ends inside a run, or without a mark; the limit of `out`.
kxf::Result<std::uint64_t> unpack_runs(const kxf::Bytes& bytes, kxf::OutputBuffer& out) {
  std::uint64_t at = runs_offset;
  while (true) {
    KXF_TRY(control, bytes.read<std::uint8_t>(at));
    ++at;
    if (control == end_mark) return at;
    if (control < end_mark) {
      KXF_TRY(copied, bytes.slice(at, control + 1U));
      KXF_CHECK(put(out, copied));
      at += copied.size();
    } else {
      KXF_TRY(repeated, bytes.read<std::uint8_t>(at));
      KXF_CHECK(put(out, repeated, 257U - control));
      ++at;
    }
  }
}

/// Behind the end there may be zeros, or the size that Linux's build appends.
kxf::Status check_behind(kxf::ByteView behind) {
  const bool padding = std::ranges::all_of(behind, [](std::uint8_t byte) { return byte == 0; });
  if (padding || behind.size() == appended_size_bytes) return {};
  return kxf::refuse(std::to_string(behind.size()) + " bytes follow the end of the packed data",
                     "pack the image again");
}

class Packing final : public kxf::Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "template-name"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "template-name packing: runs of equal bytes";
  }

  [[nodiscard]] bool recognises(kxf::ByteView packed) const noexcept override {
    return kxf::Bytes(packed).has(0, magic);
  }

  [[nodiscard]] kxf::Status unpack(kxf::ByteView packed,
                                   kxf::OutputBuffer& out) const noexcept override {
    const kxf::Bytes bytes(packed, kxf::Endian::little);
    KXF_TRY(announced, bytes.read<std::uint64_t>(size_offset));
    if (announced > out.left_bytes()) return out.over_limit();
    KXF_TRY(end, unpack_runs(bytes, out));
    if (out.size_bytes() != announced)
      return kxf::refuse("damaged: it unpacks to " + std::to_string(out.size_bytes()) +
                             " bytes, the header says " + std::to_string(announced),
                         "pack the image again");
    return check_behind(packed.subspan(static_cast<std::size_t>(end)));
  }
};

}  // namespace

const kxf::Codec& packing() {
  static const Packing codec;
  return codec;
}

}  // namespace plugin
