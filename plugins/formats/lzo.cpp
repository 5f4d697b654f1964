// SPDX-License-Identifier: Apache-2.0
//
// lzop's files: what "lzo" means for kernels. All numbers are big-endian.
//
//   magic      9 bytes
//   header     u16 version, u16 version of the library; from version 0x0940 on u16 version needed;
//              u8 method; from 0x0940 on u8 level; u32 flags; u32 filter if the flags say so; u32
//              mode, u32 time; from 0x0940 on u32 time, upper half; u8 length and name
//   checksum   u32 of the header, Adler-32 or CRC-32; an extra field, if the flags say so
//   blocks     u32 unpacked size (0: the end), u32 packed size, up to two checksums of the unpacked
//              bytes, up to two of the packed ones unless both sizes are the same (then the block
//              is stored), the bytes
#include <libdeflate.h>

#include <optional>

#include "formats/formats.hpp"
#include "formats/lzo1x.hpp"
#include "formats/stream.hpp"

namespace kxf::formats {
namespace {

constexpr std::string_view lzo_magic("\x89LZO\0\r\n\x1a\n", 9);
constexpr std::uint16_t first_version = 0x0900;
constexpr std::uint16_t long_header_version = 0x0940;
constexpr std::uint16_t newest_version = 0x1040;
constexpr std::uint32_t largest_lzo_block = 64U << 20U;
constexpr std::uint32_t continued_elsewhere = UINT32_MAX;

constexpr std::uint32_t adler_of_unpacked = 0x1;
constexpr std::uint32_t adler_of_packed = 0x2;
constexpr std::uint32_t has_extra_field = 0x40;
constexpr std::uint32_t crc_of_unpacked = 0x100;
constexpr std::uint32_t crc_of_packed = 0x200;
constexpr std::uint32_t has_filter = 0x800;
constexpr std::uint32_t header_has_crc = 0x1000;

std::uint32_t adler_of(ByteView bytes) { return libdeflate_adler32(1, bytes.data(), bytes.size()); }
std::uint32_t lzo_crc_of(ByteView bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

/// The file from front to back. Once it has ended early, all that is read is 0.
class Cursor {
 public:
  explicit Cursor(ByteView packed, std::size_t at)
      : packed_(packed), bytes_(packed, Endian::big), at_(at) {}

  template <std::unsigned_integral T>
  T read() {
    const auto value = bytes_.read<T>(at_);
    short_ = short_ || !value;
    at_ += value ? sizeof(T) : 0;
    return value ? *value : T{0};
  }
  /// A checksum, if there is one.
  std::optional<std::uint32_t> read_if(bool there) {
    return there ? std::optional(read<std::uint32_t>()) : std::nullopt;
  }
  ByteView take(std::uint64_t size) {
    const auto taken = bytes_.slice(at_, size);
    short_ = short_ || !taken;
    at_ += taken ? taken->size() : 0;
    return taken ? *taken : ByteView();
  }

  [[nodiscard]] bool is_short() const { return short_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] ByteView since(std::size_t start) const {
    return packed_.subspan(start, at_ - start);
  }
  [[nodiscard]] ByteView all() const { return packed_; }

 private:
  ByteView packed_;
  Bytes bytes_;
  std::size_t at_;
  bool short_ = false;
};

/// The header behind the magic; the result is the flags.
Result<std::uint32_t> read_lzo_header(Cursor& file) {
  const std::size_t start = file.at();
  const auto version = file.read<std::uint16_t>();
  file.read<std::uint16_t>();
  const bool is_long = version >= long_header_version;
  const auto needed = is_long ? file.read<std::uint16_t>() : version;
  const auto method = file.read<std::uint8_t>();
  if (is_long) file.read<std::uint8_t>();
  const auto flags = file.read<std::uint32_t>();
  if ((flags & has_filter) != 0) file.read<std::uint32_t>();
  file.take(is_long ? 12 : 8);
  file.take(file.read<std::uint8_t>());
  const ByteView header = file.since(start);
  const std::size_t sum_at = file.at();
  const auto sum = file.read<std::uint32_t>();
  if (file.is_short()) return truncated(file.all());
  if (sum != ((flags & header_has_crc) != 0 ? lzo_crc_of(header) : adler_of(header)))
    return damaged(file.all(), sum_at, "incorrect checksum of the header");
  if (version < first_version || needed > newest_version)
    return refuse("it is of lzop's version " + std::to_string(needed >> 12U) + "." +
                      std::to_string(needed >> 4U & 0xffU) + ", which is not known",
                  "pack the file with lzop 1.04");
  // Methods 1 to 3 are compressors; what they write is LZO1X all the same.
  if (method < 1 || method > 3 || (flags & has_filter) != 0)
    return refuse("it is packed with a method or filter of lzop's that kernels do not use",
                  "pack the file again, with plain lzop -9");
  if ((flags & has_extra_field) != 0) {
    file.take(file.read<std::uint32_t>());
    file.read<std::uint32_t>();
    if (file.is_short()) return truncated(file.all());
  }
  return flags;
}

struct Block {
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t packed_bytes = 0;
  std::optional<std::uint32_t> unpacked_adler;
  std::optional<std::uint32_t> unpacked_crc;
  std::optional<std::uint32_t> packed_adler;
  std::optional<std::uint32_t> packed_crc;
};

/// The block header at the cursor. A block of no bytes is the end.
Result<Block> read_block(Cursor& file, std::uint32_t flags) {
  const std::size_t start = file.at();
  Block block;
  block.unpacked_bytes = file.read<std::uint32_t>();
  if (file.is_short()) return truncated(file.all());
  if (block.unpacked_bytes == 0) return block;
  if (block.unpacked_bytes == continued_elsewhere)
    return refuse("it is one part of a file that lzop has split", "join the parts");
  block.packed_bytes = file.read<std::uint32_t>();
  block.unpacked_adler = file.read_if((flags & adler_of_unpacked) != 0);
  block.unpacked_crc = file.read_if((flags & crc_of_unpacked) != 0);
  const bool is_packed = block.packed_bytes < block.unpacked_bytes;
  block.packed_adler = file.read_if(is_packed && (flags & adler_of_packed) != 0);
  block.packed_crc = file.read_if(is_packed && (flags & crc_of_packed) != 0);
  if (file.is_short()) return truncated(file.all());
  if (block.unpacked_bytes <= largest_lzo_block && block.packed_bytes != 0 &&
      block.packed_bytes <= block.unpacked_bytes)
    return block;
  return damaged(file.all(), start,
                 "a block of " + std::to_string(block.packed_bytes) + " bytes that unpacks to " +
                     std::to_string(block.unpacked_bytes));
}

bool matches(ByteView bytes, std::optional<std::uint32_t> adler, std::optional<std::uint32_t> crc) {
  return (!adler || *adler == adler_of(bytes)) && (!crc || *crc == lzo_crc_of(bytes));
}

Status unpack_lzo_block(Cursor& file, const Block& block, OutputBuffer& out) {
  const std::size_t start = file.at();
  const ByteView packed = file.take(block.packed_bytes);
  if (file.is_short()) return truncated(file.all());
  if (!matches(packed, block.packed_adler, block.packed_crc))
    return damaged(file.all(), start, "incorrect checksum of a packed block");
  if (block.unpacked_bytes > out.left_bytes()) return out.over_limit();
  KXF_TRY(room, out.tail(block.unpacked_bytes));
  if (packed.size() == room.size()) {
    std::ranges::copy(packed, room.begin());
  } else {
    const auto written = unpack_lzo1x(packed, room);
    if (!written)
      return damaged(file.all(), start + written.error().at, std::string(written.error().reason));
    if (*written != room.size())
      return damaged(file.all(), start, "the block unpacks to less than it says");
  }
  if (!matches(room, block.unpacked_adler, block.unpacked_crc))
    return damaged(file.all(), start, "incorrect checksum of an unpacked block");
  out.commit(room.size());
  return {};
}

class Lzo final : public Codec {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "lzo"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "LZO1X in the files of lzop, one or several";
  }
  [[nodiscard]] bool recognises(ByteView packed) const noexcept override {
    return text_of(packed).starts_with(lzo_magic);
  }
  [[nodiscard]] Status unpack(ByteView packed, OutputBuffer& out) const noexcept override {
    std::size_t at = 0;
    do {
      Cursor file(packed, std::min(at + lzo_magic.size(), packed.size()));
      KXF_TRY(flags, read_lzo_header(file));
      for (;;) {
        KXF_TRY(block, read_block(file, flags));
        if (block.unpacked_bytes == 0) break;
        KXF_CHECK(unpack_lzo_block(file, block, out));
      }
      at = file.at();
    } while (recognises(packed.subspan(at)));
    return check_rest(*this, packed, at, out);
  }
};

}  // namespace

const Codec& lzo() {
  static const Lzo codec;
  return codec;
}

}  // namespace kxf::formats
