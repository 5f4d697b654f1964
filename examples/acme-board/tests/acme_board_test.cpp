// SPDX-License-Identifier: Apache-2.0
// A plugin's own test: no kxf process, no machine, no files.
#include "acme_board.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "acme-board: failed: %s\n", what);
  std::exit(1);
}

/// "hello", wrapped. Its CRC-32 is 0x3610a686.
kxf::ByteVector container() {
  return {'A',  'C', 'M', 'E', '1', 0,   0,   0,   0x86, 0xa6, 0x10,
          0x36, 5,   0,   0,   0,   'h', 'e', 'l', 'l',  'o'};
}

void test_container() {
  const kxf::ImageFormat& format = acme::acme1();
  const kxf::ByteVector good = container();
  kxf::Record record;
  expect(format.probe(good).verdict == kxf::ProbeVerdict::mine, "a container is recognised");
  const auto contents = format.parse(good, {{}}, record);
  expect(contents && contents->payload && kxf::text_of(contents->payload->bytes) == "hello",
         "the payload comes out");

  expect(format.probe(kxf::bytes_of("hello")).verdict == kxf::ProbeVerdict::not_mine,
         "other bytes are not mine");
  for (std::size_t size = 8; size < good.size(); ++size)
    expect(format.probe(kxf::ByteView(good).first(size)).verdict == kxf::ProbeVerdict::damaged,
           "every cut is damage");
  kxf::ByteVector longer = good;
  longer.push_back(0);
  expect(format.probe(longer).verdict == kxf::ProbeVerdict::damaged, "so is something behind it");

  kxf::ByteVector flipped = good;
  flipped.back() ^= 1U;
  const auto refused = format.parse(flipped, {{}}, record);
  expect(!refused && refused.error().message.starts_with("the payload's CRC-32 is "),
         "a flipped bit is refused");
}

void test_uart() {
  kxf::ConsoleDevice device;
  device.driver = "acmeuart";
  device.phys_base = 0x9000000;
  const auto program = acme::acme_uart().program(device);
  expect(program && program->steps.size() == 2 && program->phys_base == 0x9000000,
         "the UART has a program");
  device.access_bits = 8;
  expect(!acme::acme_uart().program(device), "no 8-bit access");
}

}  // namespace

int main() {
  test_container();
  test_uart();
  std::puts("acme-board: all passed");
}
