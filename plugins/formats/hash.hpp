// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The hashes that images name: checksums against accidents, and digests that a signature can rest
/// on.

#include <optional>
#include <span>
#include <string_view>

#include "kxf/bytes.hpp"

namespace kxf::formats {

enum class HashKind : std::uint8_t { crc32, md5, sha1, sha256, sha384, sha512 };

struct Hash {
  std::string_view name;  ///< as images write it
  HashKind kind;
  std::size_t size_bytes;
  bool strong;  ///< nobody can make two inputs of one hash
};

/// The hash of this name; null when it is not known.
[[nodiscard]] const Hash* find_hash(std::string_view name);

/// Of all parts, one behind the other. A CRC comes out big-endian, as images hold it.
/// Errors: the library fails.
[[nodiscard]] Result<ByteVector> hash_of(const Hash& hash, std::span<const ByteView> parts);

}  // namespace kxf::formats
