// SPDX-License-Identifier: Apache-2.0
#include "plan/earlycon.hpp"

#include <doctest/doctest.h>

namespace earlycon_test {

TEST_CASE("earlycon: name and address") {
  const auto device = kxf::parse_earlycon("pl011,0x9000000");
  REQUIRE(device);
  CHECK(device->driver == "pl011");
  CHECK(device->phys_base == 0x9000000);
  CHECK_FALSE(device->access_bits);
  CHECK_FALSE(device->register_shift);
}

TEST_CASE("earlycon: the access word decides width, shift and byte order") {
  struct Row {
    const char* text;
    unsigned bits;
    unsigned shift;
    bool big_endian;
  };
  for (const Row& row : {Row{"uart8250,mmio,0xfe215040", 8, 0, false},
                         Row{"uart8250,mmio16,0xfe215040", 16, 1, false},
                         Row{"uart8250,mmio32,0xfe215040,115200n8", 32, 2, false},
                         Row{"uart8250,mmio32be,0xfe215040", 32, 2, true},
                         Row{"uart8250,mmio32native,0xfe215040", 32, 2, false}}) {
    CAPTURE(row.text);
    const auto device = kxf::parse_earlycon(row.text);
    REQUIRE(device);
    CHECK(device->phys_base == 0xfe215040);
    CHECK(device->access_bits == row.bits);
    CHECK(device->register_shift == row.shift);
    CHECK(device->big_endian_registers == row.big_endian);
  }
}

TEST_CASE("earlycon: addresses above 4 GiB and decimal ones") {
  CHECK(kxf::parse_earlycon("pl011,0x1FE215040")->phys_base == 0x1fe215040);
  CHECK(kxf::parse_earlycon("pl011,150994944")->phys_base == 0x9000000);
}

TEST_CASE("earlycon: what is no address is refused, never read as zero") {
  for (const char* text :
       {"pl011", "pl011,", "pl011,mmio32", "pl011,mmio32,", ",0x9000000", "", "pl011, 0x9000000",
        "pl011,0x9000000x", "pl011,ttyAMA0", "pl011,0x10000000000000000", "uart8250,io,0x3f8"}) {
    CAPTURE(text);
    CHECK_FALSE(kxf::parse_earlycon(text));
  }
}

}  // namespace earlycon_test
