/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KXF_PURGATORY_SHA256_H
#define KXF_PURGATORY_SHA256_H

#ifdef __cplusplus
#include <cstdint>
extern "C" {
#else
#include <stdint.h>
#endif

/* The SHA-256 (FIPS 180-4) of the `size_bytes` bytes at `start`, a multiple of
 * KXF_DIGEST_ALIGNMENT. */
void kxf_sha256(const void* start, uint64_t size_bytes, uint8_t digest[32]);

/* The hash computation of section 6.2.2 for whole blocks of 64 bytes. An architecture that has a
 * better one than that of sha256.c, in general registers, brings it, and says so by
 * KXF_OWN_SHA256_BLOCKS among the compiler's flags. */
void kxf_sha256_blocks(uint32_t state[8], const void* in, uint64_t blocks);

/* What is around the whole blocks, for an architecture that computes several hashes at once. */

/* The initial hash value (section 5.3.3). */
void kxf_sha256_start(uint32_t state[8]);

union kxf_sha256_last {
  uint64_t __attribute__((may_alias)) pairs[16];
  uint8_t bytes[128];
};
/* What is behind the whole blocks of a message: its last bytes, a one bit, zeros, and its length in
 * bits (section 5.1.1). Returns how many blocks that is, 1 or 2. */
unsigned kxf_sha256_pad(const void* start, uint64_t size_bytes, union kxf_sha256_last* last);

#ifdef __cplusplus
}
#endif
#endif
