// SPDX-License-Identifier: Apache-2.0
#include "writer.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace kxf_test {

void fail(const kxf::Error& error) {
  fmt::print(stderr, "writer: {}\n", error.message);
  std::exit(1);
}

kxf::ByteVector read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::filesystem::path& path, kxf::ByteView bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

kxf::DigestEntry entry_of(const char* name, std::uint64_t at, kxf::ByteView bytes) {
  kxf::DigestEntry entry{name, kxf::Range::sized(at, bytes.size()), {}};
  SHA256(bytes.data(), bytes.size(), entry.sha256.data());
  return entry;
}

kxf::ByteVector memory_of(const kxf::PurgatoryImage& image) {
  kxf::ByteVector memory = image.bytes;
  memory.resize(image.memory_size, 0xa5);
  return memory;
}

}  // namespace kxf_test
