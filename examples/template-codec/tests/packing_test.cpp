// SPDX-License-Identifier: Apache-2.0
// packing_test SAMPLE PAYLOAD: no kxf process and no machine; SAMPLE is PAYLOAD, packed by pack.py.
#include "packing.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace {

constexpr std::uint64_t limit_bytes = 1U << 20U;

void expect(bool condition, const std::string& what) {
  if (condition) return;
  std::fprintf(stderr, "template-name: failed: %s\n", what.c_str());
  std::exit(1);
}

kxf::ByteVector contents_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  expect(file.good(), std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

kxf::Result<kxf::Blob> unpack(kxf::ByteView packed, std::uint64_t limit = limit_bytes) {
  kxf::OutputBuffer out(limit);
  KXF_CHECK(plugin::packing().unpack(packed, out));
  return out.take();
}

void test_good(const kxf::ByteVector& sample, const kxf::ByteVector& payload) {
  expect(plugin::packing().recognises(sample), "a packed file is recognised");
  expect(sample.size() < payload.size(), "packing makes it smaller");
  const auto unpacked = unpack(sample);
  expect(unpacked && std::ranges::equal(unpacked->view(), payload), "what was packed comes out");
  kxf::ByteVector padded = sample;
  padded.insert(padded.end(), 100, 0);
  expect(unpack(padded).has_value(), "zeros may follow");
}

void test_other_bytes() {
  expect(!plugin::packing().recognises({}), "nothing at all is not mine");
  expect(!plugin::packing().recognises(kxf::bytes_of("template-name")),
         "half of a magic is not mine");
}

void test_damage(const kxf::ByteVector& sample, std::size_t payload_size) {
  for (std::size_t size = 0; size < sample.size(); ++size) {
    const auto refused = unpack(kxf::ByteView(sample).first(size));
    expect(!refused, "cut to " + std::to_string(size) + " bytes it is refused");
    expect(!refused.error().message.empty(), "with a message");
  }
  kxf::ByteVector longer = sample;
  longer.insert(longer.end(), 5, 'x');
  expect(!unpack(longer), "something behind it is refused");
  expect(!unpack(sample, payload_size - 1), "the limit of the output is kept");
  expect(unpack(sample, payload_size).has_value(), "and may be reached");
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "usage: packing_test SAMPLE PAYLOAD");
  const kxf::ByteVector sample = contents_of(argv[1]);
  const kxf::ByteVector payload = contents_of(argv[2]);
  test_good(sample, payload);
  test_other_bytes();
  test_damage(sample, payload.size());
  std::puts("template-name: all passed");
}
