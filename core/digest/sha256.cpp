// SPDX-License-Identifier: Apache-2.0
#include "digest/sha256.hpp"

#include "digest/sha256_lanes.hpp"

// libcrypto's plain SHA-256 instead of EVP: EVP reads a configuration file that an environment
// variable names and that can load providers, which has no place in a process that runs as root.
// It would also cost each load 5 million instructions to set up (bench/load.sh), and make a static
// libcrypto as large as the shared one.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

namespace kxf {

Result<Sha256> sha256(ByteView bytes) {
  Sha256 digest{};
  static_assert(sizeof digest == SHA256_DIGEST_LENGTH);
  SHA256_CTX context;
  if (SHA256_Init(&context) != 1 || SHA256_Update(&context, bytes.data(), bytes.size()) != 1 ||
      SHA256_Final(digest.data(), &context) != 1)
    return broken("libcrypto cannot compute SHA-256");
  return digest;
}

Result<std::vector<Sha256>> sha256_each(std::span<const ByteView> views) {
  std::vector<Sha256> digests(views.size());
  if constexpr (sha256_lanes_are_fastest) {
    sha256_lanes(views, digests);
  } else {
    for (std::size_t i = 0; i < views.size(); ++i) {
      KXF_TRY(digest, sha256(views[i]));
      digests[i] = digest;
    }
  }
  return digests;
}

}  // namespace kxf
