// SPDX-License-Identifier: Apache-2.0
#include "formats/hash.hpp"

#include <libdeflate.h>

#include <algorithm>

// The plain functions instead of EVP: that reads a configuration file which an environment variable
// names and which can load code (see core/digest/sha256.cpp).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

namespace kxf::formats {
namespace {

constexpr Hash hashes[] = {
    {"crc32", HashKind::crc32, 4, false},
    {"md5", HashKind::md5, MD5_DIGEST_LENGTH, false},
    {"sha1", HashKind::sha1, SHA_DIGEST_LENGTH, false},
    {"sha256", HashKind::sha256, SHA256_DIGEST_LENGTH, true},
    {"sha384", HashKind::sha384, SHA384_DIGEST_LENGTH, true},
    {"sha512", HashKind::sha512, SHA512_DIGEST_LENGTH, true},
};

template <class Context>
Result<ByteVector> run(const Hash& hash, std::span<const ByteView> parts, int (*init)(Context*),
                       int (*update)(Context*, const void*, std::size_t),
                       int (*final)(unsigned char*, Context*)) {
  Context context;
  ByteVector digest(hash.size_bytes);
  bool done = init(&context) == 1;
  for (const ByteView part : parts) done = done && update(&context, part.data(), part.size()) == 1;
  if (!done || final(digest.data(), &context) != 1)
    return broken("libcrypto cannot compute " + std::string(hash.name));
  return digest;
}

ByteVector crc32_of(std::span<const ByteView> parts) {
  std::uint32_t crc = 0;
  for (const ByteView part : parts)
    if (!part.empty())
      crc = libdeflate_crc32(crc, part.data(), part.size());  // no bytes: begin anew
  ByteVector bytes(4);
  store(std::span(bytes), 0, static_cast<std::uint32_t>(crc), Endian::big);
  return bytes;
}

}  // namespace

const Hash* find_hash(std::string_view name) {
  const auto* found = std::ranges::find(hashes, name, &Hash::name);
  return found == std::end(hashes) ? nullptr : found;
}

Result<ByteVector> hash_of(const Hash& hash, std::span<const ByteView> parts) {
  switch (hash.kind) {
    case HashKind::crc32: return crc32_of(parts);
    case HashKind::md5: return run<MD5_CTX>(hash, parts, MD5_Init, MD5_Update, MD5_Final);
    case HashKind::sha1: return run<SHA_CTX>(hash, parts, SHA1_Init, SHA1_Update, SHA1_Final);
    case HashKind::sha256:
      return run<SHA256_CTX>(hash, parts, SHA256_Init, SHA256_Update, SHA256_Final);
    case HashKind::sha384:
      return run<SHA512_CTX>(hash, parts, SHA384_Init, SHA384_Update, SHA384_Final);
    case HashKind::sha512:
      return run<SHA512_CTX>(hash, parts, SHA512_Init, SHA512_Update, SHA512_Final);
  }
  return broken("a hash that does not exist");
}

}  // namespace kxf::formats
