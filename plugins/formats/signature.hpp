// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Is a signature that of a key? Computed with libcrypto's arithmetic alone: its RSA and EVP layers
/// read a configuration file that can load code (see hash.cpp).

#include "formats/hash.hpp"
#include "formats/public_key.hpp"

namespace kxf::formats {

enum class RsaPadding : std::uint8_t { pkcs1, pss };

/// What was signed: a digest, and how.
struct SignedDigest {
  const Hash& hash;  ///< a strong one
  ByteView digest;
  RsaPadding padding = RsaPadding::pkcs1;  ///< for RSA
};

/// RSASSA-PKCS1-v1_5 and RSASSA-PSS of any salt length with MGF1 of the same hash (RFC 8017, 8);
/// ECDSA (FIPS 186-5, 6.4.2) of a signature that is r and s, each as long as the curve's order.
/// False for every signature that is not exactly what the key's owner makes.
[[nodiscard]] bool is_signature(const PublicKey& key, const SignedDigest& what, ByteView signature);

}  // namespace kxf::formats
