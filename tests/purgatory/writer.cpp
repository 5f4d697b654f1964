// SPDX-License-Identifier: Apache-2.0
#include "writer.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace kxf_test {
namespace {

/// Bytes that follow one another at multiples of move_alignment.
kxf::ByteVector payload_of(const std::vector<BundlePart>& parts, std::uint64_t start,
                           kxf::Relocation& relocation) {
  kxf::ByteVector payload;
  relocation.moves.clear();
  for (const BundlePart& part : parts) {
    payload.resize(*kxf::align_up(payload.size(), kxf::move_alignment));
    relocation.moves.push_back({start + payload.size(), part.bytes.size(), part.destination});
    payload.insert(payload.end(), part.bytes.begin(), part.bytes.end());
  }
  relocation.payload = kxf::Range::sized(start, payload.size());
  return payload;
}

}  // namespace

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

std::string value_of(const Words& words, std::string_view key) {
  for (const std::string& word : words)
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
      return word.substr(key.size() + 1);
  return {};
}

std::uint64_t number_of(const Words& words, std::string_view key, std::uint64_t otherwise) {
  const std::string text = value_of(words, key);
  return text.empty() ? otherwise : std::stoull(text, nullptr, 0);
}

kxf::PurgatoryImage purgatory_of(const kxf::Architecture& architecture,
                                 const kxf::PurgatoryQuestion& question) {
  auto image = architecture.purgatory(question);
  if (!image) fail(image.error());
  return *image;
}

kxf::ByteVector bundle_of(const kxf::Architecture& architecture, kxf::PurgatoryQuestion question,
                          const BundleSpec& spec) {
  kxf::Relocation relocation;
  relocation.memory = spec.memory;
  question.relocation = &relocation;
  kxf::ByteVector head;
  kxf::ByteVector payload;
  // Once for the size of the head, once with it.
  for (int round = 0; round < 2; ++round) {
    payload = payload_of(spec.parts, head.size(), relocation);
    relocation.staging = kxf::Range::sized(spec.staging, payload.size());
    std::vector<kxf::PurgatoryImage> images;
    for (const std::uint64_t place : spec.places) {
      question.own_address = place;
      images.push_back(purgatory_of(architecture, question));
      if (spec.spoil) spec.spoil(images.back(), place);
    }
    const auto purgatory = [&](std::size_t i) {
      return kxf::BundlePurgatory{spec.places[i], images[i].bytes, images[i].memory_size,
                                  images[i].entry_offset};
    };
    auto made =
        architecture.bundle_head({question.machine, {purgatory(0), purgatory(1)}, payload.size()});
    if (!made) fail(made.error());
    head = *made;
  }
  head.insert(head.end(), payload.begin(), payload.end());
  return head;
}

kxf::ByteVector memory_of(const kxf::PurgatoryImage& image) {
  kxf::ByteVector memory = image.bytes;
  memory.resize(image.memory_size, 0xa5);
  return memory;
}

}  // namespace kxf_test
