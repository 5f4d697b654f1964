// SPDX-License-Identifier: Apache-2.0
#include "container.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace plugin {
namespace {

constexpr std::string_view magic = "template-name image\n";
constexpr std::uint64_t version_offset = magic.size();
constexpr std::uint64_t crc_offset = magic.size() + 4;
constexpr std::uint64_t size_offset = magic.size() + 8;
constexpr std::uint64_t payload_offset = magic.size() + 16;
constexpr std::uint32_t known_version = 1;

/// CRC-32 of IEEE 802.3, reflected: an entry per value of a byte.
constexpr std::array<std::uint32_t, 256> crc_table = [] {
  constexpr std::uint32_t polynomial = 0xedb88320;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? polynomial : 0);
    table[byte] = value;
  }
  return table;
}();

std::uint32_t crc32(kxf::ByteView bytes) {
  std::uint32_t crc = ~0U;
  for (const std::uint8_t byte : bytes) crc = (crc >> 8U) ^ crc_table[(crc ^ byte) & 0xffU];
  return ~crc;
}

/// kxf::Bytes checks every access: a size from the file is never trusted.
/// Errors: another version; the container ends before what its header announces, or goes on behind.
kxf::Result<kxf::ByteView> payload_of(kxf::ByteView image) {
  const kxf::Bytes bytes(image, kxf::Endian::little);
  KXF_TRY(version, bytes.read<std::uint32_t>(version_offset));
  if (version != known_version)
    return kxf::refuse("version " + std::to_string(version) + " of the container, known is " +
                           std::to_string(known_version),
                       "wrap the image with version " + std::to_string(known_version));
  KXF_TRY(size, bytes.read<std::uint64_t>(size_offset));
  KXF_TRY(payload, bytes.slice(payload_offset, size));
  const std::uint64_t end = payload_offset + size;
  if (bytes.size_bytes() != end)
    return kxf::refuse("the payload ends at byte " + std::to_string(end) + ", the file at byte " +
                           std::to_string(bytes.size_bytes()),
                       "copy the image again");
  return payload;
}

class Container final : public kxf::ImageFormat {
 public:
  [[nodiscard]] std::string_view name() const noexcept override { return "template-name"; }
  [[nodiscard]] std::string_view summary() const noexcept override {
    return "template-name container: a CRC-32 around another image";
  }

  // Sizes are cheap to check and tell a cut file early. The CRC reads every byte: that is
  // parse()'s.
  [[nodiscard]] kxf::Probe probe(kxf::ByteView image) const noexcept override {
    if (!kxf::Bytes(image).has(0, magic)) return {};
    if (const auto payload = payload_of(image); !payload)
      return {kxf::ProbeVerdict::damaged, payload.error().message};
    return {kxf::ProbeVerdict::mine, {}};
  }

  [[nodiscard]] kxf::Result<kxf::ImageContents> parse(kxf::ByteView image,
                                                      const kxf::ImageQuestion&,
                                                      kxf::Record&) const noexcept override {
    KXF_TRY(payload, payload_of(image));
    KXF_TRY(announced, kxf::Bytes(image).read<std::uint32_t>(crc_offset));
    if (const std::uint32_t found = crc32(payload); found != announced)
      return kxf::refuse(
          "the payload's CRC-32 is " + kxf::hex(found) + ", the header says " + kxf::hex(announced),
          "copy the image again");
    kxf::ImageContents contents;
    contents.payload = payload;
    return contents;
  }
};

}  // namespace

const kxf::ImageFormat& container() {
  static const Container format;
  return format;
}

}  // namespace plugin
