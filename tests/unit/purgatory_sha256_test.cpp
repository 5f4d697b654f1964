// SPDX-License-Identifier: Apache-2.0
//
// The purgatory's SHA-256, compiled for the machine that runs the tests.
#include <doctest/doctest.h>
#include <openssl/sha.h>
#include <rapidcheck.h>

#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "purgatory/sha256.h"

namespace purgatory_sha256_test {
namespace {

using Digest = std::array<std::uint8_t, 32>;

/// The function wants its input at a multiple of KXF_DIGEST_ALIGNMENT; a vector of words is.
Digest purgatory_sha256(const void* bytes, std::size_t size) {
  std::vector<std::uint64_t> aligned(size / 8 + 1);
  if (size != 0) std::memcpy(aligned.data(), bytes, size);
  Digest digest{};
  kxf_sha256(aligned.data(), size, digest.data());
  return digest;
}

std::string hex_of(const Digest& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += "0123456789abcdef"[byte >> 4U];
    text += "0123456789abcdef"[byte & 15U];
  }
  return text;
}

}  // namespace

TEST_CASE("the purgatory's SHA-256 gives the vectors of FIPS 180-4") {
  const auto digest = [](const std::string& text) {
    return hex_of(purgatory_sha256(text.data(), text.size()));
  };
  CHECK(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(digest(std::string(1000000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("the purgatory's SHA-256 agrees with libcrypto at every length around a block") {
  std::vector<std::uint8_t> bytes(260);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 + 11);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    Digest wanted{};
    SHA256(bytes.data(), size, wanted.data());
    CHECK(purgatory_sha256(bytes.data(), size) == wanted);
  }
}

TEST_CASE("the purgatory's SHA-256 agrees with libcrypto on any bytes") {
  CHECK(rc::check([](const std::vector<std::uint8_t>& bytes) {
    Digest wanted{};
    SHA256(bytes.data(), bytes.size(), wanted.data());
    RC_ASSERT(purgatory_sha256(bytes.data(), bytes.size()) == wanted);
  }));
}

}  // namespace purgatory_sha256_test
