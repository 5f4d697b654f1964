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

#ifdef __cplusplus
}
#endif
#endif
