// SPDX-License-Identifier: Apache-2.0
#include "kxf/bytes.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>

#include "map_machine.hpp"

namespace bytes_test {

using kxf::Bytes;
using kxf::ByteVector;
using kxf::Endian;

TEST_CASE("numbers are read in the asked byte order from any offset") {
  const ByteVector bytes{0xff, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
  CHECK(Bytes(bytes, Endian::little).read<std::uint32_t>(1) == 0x04030201U);
  CHECK(Bytes(bytes, Endian::big).read<std::uint32_t>(1) == 0x01020304U);
  CHECK(Bytes(bytes, Endian::big).read<std::uint64_t>(1) == 0x0102030405060708U);
  CHECK(Bytes(bytes, Endian::little).read<std::uint16_t>(0) == 0x01ffU);
  CHECK(Bytes(bytes, Endian::big).read<std::uint8_t>(8) == 8);
}

TEST_CASE("a window that leaves the bytes is refused with both sizes") {
  const ByteVector bytes(10);
  const Bytes reader(bytes);
  CHECK(reader.slice(10, 0));
  CHECK(reader.slice(0, 10)->size() == 10);
  CHECK(reader.slice(4, 7).error().message == "ends at byte 10, 11 are needed");
  CHECK(reader.read<std::uint64_t>(3).error().message == "ends at byte 10, 11 are needed");
  CHECK(!reader.slice(11, 0));
}

TEST_CASE("an offset and a size that overflow together are refused") {
  const ByteVector bytes(10);
  const Bytes reader(bytes);
  CHECK(!reader.slice(UINT64_MAX, 1));
  CHECK(!reader.slice(1, UINT64_MAX));
  CHECK(!reader.slice(UINT64_MAX, UINT64_MAX));
  CHECK(!reader.read<std::uint32_t>(UINT64_MAX - 1));
  CHECK(!reader.has(UINT64_MAX, "a"));
}

TEST_CASE("a pattern is found where it is and nowhere else") {
  const ByteVector bytes{'A', 'R', 'M', 'd'};
  const Bytes reader(bytes);
  CHECK(reader.has(0, "ARMd"));
  CHECK(reader.has(1, "RM"));
  CHECK(!reader.has(2, "Mdx"));
  CHECK(!reader.has(5, ""));
  CHECK(reader.has(4, ""));
}

TEST_CASE("what store() writes, read() returns") {
  CHECK(rc::check([](std::uint64_t value, bool big) {
    const Endian endian = big ? Endian::big : Endian::little;
    std::array<std::uint8_t, 11> bytes{};
    kxf::store(std::span<std::uint8_t>(bytes), 3, value, endian);
    RC_ASSERT(*Bytes(bytes, endian).read<std::uint64_t>(3) == value);
  }));
}

TEST_CASE("a blob keeps its bytes alive for every copy and window") {
  kxf::Blob window;
  {
    const kxf::Blob whole(ByteVector{1, 2, 3, 4});
    window = whole.narrowed(whole.view().subspan(1, 2));
  }
  REQUIRE(window.size_bytes() == 2);
  CHECK(window.view()[0] == 2);
  CHECK(window.view()[1] == 3);
}

TEST_CASE("read_text drops the white space and zero bytes at the end only") {
  kxf_test::MapMachine machine;
  machine.files["/sys/a"] = "  two words\n";
  machine.files["/sys/b"] = std::string("okay\0", 5);
  machine.files["/sys/c"] = std::string("\0\n \t", 4);
  CHECK(machine.read_text("/sys/a") == "  two words");
  CHECK(machine.read_text("/sys/b") == "okay");
  CHECK(machine.read_text("/sys/c") == "");
  CHECK(!machine.read_text("/sys/d"));
}

}  // namespace bytes_test
