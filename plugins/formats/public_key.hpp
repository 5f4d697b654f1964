// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Public keys from PEM files, read with our own small DER reader: libcrypto's decoders are
/// providers, and those come by a configuration file (see hash.cpp).

#include <span>
#include <string>
#include <variant>
#include <vector>

#include "kxf/bytes.hpp"
#include "kxf/image_format.hpp"

namespace kxf::formats {

/// RFC 8017, 3.1. Big-endian, without leading zeros.
struct RsaKey {
  ByteVector modulus;
  ByteVector exponent;
};

enum class Curve : std::uint8_t { p256, p384 };  ///< prime256v1, secp384r1

/// A point on the curve, as big-endian coordinates of the curve's size. Whether it lies on the
/// curve is checked where it is used.
struct EcKey {
  Curve curve = Curve::p256;
  ByteVector point;  ///< uncompressed: 4, x, y (SEC 1, 2.3.3)
};

struct PublicKey {
  std::string name;  ///< of the file that it is from
  std::variant<RsaKey, EcKey> key;

  /// `rsa2048`, `ecdsa256`: as signatures name the algorithm.
  [[nodiscard]] std::string algorithm() const;
};

/// All keys of all files: blocks `PUBLIC KEY` (RFC 5280, 4.1.2.7) and `CERTIFICATE`, of which the
/// key alone counts. Errors: a file without a key, a damaged one, a private one, an algorithm that
/// is not known, RSA below 2048 or above 8192 bits.
[[nodiscard]] Result<std::vector<PublicKey>> read_keys(std::span<const NamedBytes> files);

}  // namespace kxf::formats
