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

#ifdef __cplusplus
}
#endif
#endif
