// SPDX-License-Identifier: Apache-2.0
// container_test SAMPLE PAYLOAD: no kxf process and no machine; SAMPLE is PAYLOAD in a container,
// made by wrap.py.
#include "container.hpp"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace {

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

kxf::Result<kxf::ImageContents> parse(kxf::ByteView image) {
  const kxf::Settings settings;
  kxf::Record record;
  return plugin::container().parse(image, {settings}, record);
}

kxf::ProbeVerdict probe(kxf::ByteView image) { return plugin::container().probe(image).verdict; }

void test_good(const kxf::ByteVector& sample, const kxf::ByteVector& payload) {
  expect(probe(sample) == kxf::ProbeVerdict::mine, "a container is recognised");
  const auto contents = parse(sample);
  expect(contents && contents->payload, "it is read");
  expect(kxf::text_of(contents->payload->bytes) == kxf::text_of(payload), "the payload comes out");
}

void test_other_bytes() {
  expect(probe({}) == kxf::ProbeVerdict::not_mine, "nothing at all is not mine");
  expect(probe(kxf::bytes_of("template-name")) == kxf::ProbeVerdict::not_mine,
         "half of a magic is not mine");
  expect(probe(kxf::bytes_of("\x1f\x8b\x08 and so on")) == kxf::ProbeVerdict::not_mine,
         "another format is not mine");
}

void test_damage(const kxf::ByteVector& sample, std::size_t payload_size) {
  const std::size_t header = sample.size() - payload_size;
  const std::size_t magic = header - 16;
  for (std::size_t size = magic; size < sample.size(); ++size)
    expect(probe(kxf::ByteView(sample).first(size)) == kxf::ProbeVerdict::damaged,
           "cut to " + std::to_string(size) + " bytes it is damaged");
  kxf::ByteVector longer = sample;
  longer.push_back(0);
  expect(probe(longer) == kxf::ProbeVerdict::damaged, "with something behind it, it is damaged");
  for (std::size_t at = magic; at < sample.size(); ++at) {
    kxf::ByteVector flipped = sample;
    flipped[at] ^= 1U;
    const auto refused = parse(flipped);
    expect(!refused, "a flipped bit in byte " + std::to_string(at) + " is refused");
    expect(!refused.error().message.empty(), "with a message");
  }
  kxf::ByteVector newer = sample;
  newer[magic] = 2;
  expect(plugin::container().probe(newer).reason == "version 2 of the container, known is 1",
         "another version is named");
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "usage: container_test SAMPLE PAYLOAD");
  const kxf::ByteVector sample = contents_of(argv[1]);
  const kxf::ByteVector payload = contents_of(argv[2]);
  test_good(sample, payload);
  test_other_bytes();
  test_damage(sample, payload.size());
  std::puts("template-name: all passed");
}
