// SPDX-License-Identifier: Apache-2.0
// The LZO1X decoder without the checksums around it, which would keep a fuzzer out.
#include "formats/lzo1x.hpp"

#include <algorithm>

#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  constexpr std::size_t behind = 64;
  constexpr std::uint8_t untouched = 0xa5;
  for (const std::size_t room_bytes : {std::size_t{0}, std::size_t{100}, std::size_t{70'000}}) {
    kxf::ByteVector room(room_bytes + behind, untouched);
    const auto written = kxf::formats::unpack_lzo1x(
        kxf::ByteView(data, size), std::span<std::uint8_t>(room).first(room_bytes));
    if (written) require(*written <= room_bytes, "the output keeps to its room");
    if (!written) require(written.error().at <= size, "a fault is in the stream");
    require(std::all_of(room.end() - behind, room.end(),
                        [](std::uint8_t byte) { return byte == untouched; }),
            "nothing behind the room is written");
  }
  return 0;
}
